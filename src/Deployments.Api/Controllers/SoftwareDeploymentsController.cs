using Deployments.Api.Authorization;
using Deployments.Api.Contracts;
using Deployments.Api.Hosting;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Binding;
using Deployments.Api.Mvc.Filters;
using Deployments.Application.SoftwareDeployments;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Controllers;

/// <summary>Software deployments: which software configuration is applied to which server, and its status.</summary>
[ApiController]
[Route(Routes.Project + "/software_deployments")]
public sealed class SoftwareDeploymentsController(IMediator mediator) : ControllerBase
{
    /// <summary>Create a software deployment.</summary>
    /// <remarks>
    /// Records that a configuration is applied to a server. The response is sent once the deployment is durable; its
    /// <c>Location</c> header is the deployment's address. With an <c>Idempotency-Key</c> the request may be retried, and creates
    /// only once.
    /// </remarks>
    /// <param name="projectId">The project that will own the deployment: the token's own, or with the role admin any.</param>
    /// <param name="body">The deployment.</param>
    /// <param name="idempotencyKey">
    /// Identifies this request within the project. The same key with the same body returns the deployment that it created, in its
    /// current state, with <c>Idempotent-Replayed: true</c>; with a different body it is refused. Kept as long as the deployment exists.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The deployment as it was stored.</response>
    [HttpPost(Name = "createSoftwareDeployment")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType<SoftwareDeploymentEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SoftwareDeploymentEnvelope>> Create(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        NewDeployment body,
        [FromHeader(Name = Idempotency.Key)] string? idempotencyKey,
        CancellationToken cancellationToken)
    {
        var created = await mediator.Send(
            new CreateDeploymentCommand(HttpContext.GetCaller(projectId), body, idempotencyKey), cancellationToken);
        Response.Headers.Location = Request.GetPathOfItem(created.Value.Id);
        return new SoftwareDeploymentEnvelope { SoftwareDeployment = Response.WithReplayHeader(created) };
    }

    /// <summary>Create several software deployments.</summary>
    /// <remarks>
    /// All or none: if one element is invalid, nothing is stored. An error names its element, as in
    /// <c>software_deployments[3].status</c>. The body may have 16 MiB. With an <c>Idempotency-Key</c> the request may be retried, and
    /// creates only once.
    /// </remarks>
    /// <param name="projectId">The project that will own the deployments: the token's own, or with the role admin any.</param>
    /// <param name="body">The deployments: 1 to 1,000.</param>
    /// <param name="idempotencyKey">
    /// Identifies this request within the project. The same key with the same body returns the deployments that it created, in their
    /// current state, with <c>Idempotent-Replayed: true</c>; with a different body, or if some of them have been deleted, it is refused.
    /// Kept as long as one of the deployments exists.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The deployments as they were stored, in the order in which they were sent.</response>
    [HttpPost("batch", Name = "createSoftwareDeployments")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType<SoftwareDeploymentBatchEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SoftwareDeploymentBatchEnvelope>> CreateBatch(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        CreateSoftwareDeploymentsBody body,
        [FromHeader(Name = Idempotency.Key)] string? idempotencyKey,
        CancellationToken cancellationToken) =>
        new SoftwareDeploymentBatchEnvelope
        {
            SoftwareDeployments = Response.WithReplayHeader(await mediator.Send(
                new CreateDeploymentsCommand(HttpContext.GetCaller(projectId), body.SoftwareDeployments?.AsReadOnly(), idempotencyKey), cancellationToken)),
        };

    /// <summary>List software deployments.</summary>
    /// <remarks>
    /// The project's own and those shared with it, by default oldest first. The filters are exact, and all must hold. Without
    /// <c>limit</c> the whole list is sent as it is read; with it a page, and a link to the next one if there is one.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="serverId">Only the deployments of this server.</param>
    /// <param name="configId">Only the deployments of this software configuration.</param>
    /// <param name="action">Only the deployments with this action.</param>
    /// <param name="status">Only the deployments with this status.</param>
    /// <param name="limit">How many, 1 to 1,000; all by default.</param>
    /// <param name="marker">The last id seen. The list continues after it, whether or not it still exists.</param>
    /// <param name="sortDir"><c>asc</c>, oldest first, or <c>desc</c>, newest first; <c>asc</c> by default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The deployments; an empty list past the end.</response>
    [HttpGet(Name = "listSoftwareDeployments")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ProducesResponseType<SoftwareDeploymentListEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SoftwareDeploymentListEnvelope>> List(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        [FromQuery(Name = "server_id")] string? serverId,
        [FromQuery(Name = "config_id")] string? configId,
        [FromQuery] string? action,
        [FromQuery] string? status,
        [FromQuery] int? limit,
        [FromQuery] Guid? marker,
        [FromQuery(Name = "sort_dir")] string? sortDir,
        CancellationToken cancellationToken)
    {
        var query = new ListDeploymentsQuery
        {
            ProjectId = projectId,
            ServerId = serverId,
            ConfigId = configId,
            Action = action,
            Status = status,
            Limit = limit,
            Marker = marker,
            SortDir = sortDir,
        };
        var page = await mediator.Send(query, cancellationToken);
        return new SoftwareDeploymentListEnvelope
        {
            SoftwareDeployments = page.Items,
            SoftwareDeploymentsLinks = HttpContext.LinkToNext(page.Next?.ToString()),
        };
    }

    /// <summary>Show a software deployment.</summary>
    /// <remarks>
    /// Its current state; <c>events</c> has its history. With <c>wait</c> the response is held until the deployment is no longer in progress,
    /// or, with <c>If-None-Match</c>, until its entity tag is another, and at most for the given time.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="wait">How many seconds to wait for a change, 1 to 50; not at all by default.</param>
    /// <param name="ifNoneMatch">The entity tag that the client has: while it is that of the deployment the response is 304, without a body.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The deployment.</response>
    [HttpGet(Routes.Id, Name = "getSoftwareDeployment")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ProducesResponseType<SoftwareDeploymentEnvelope>(StatusCodes.Status200OK)]
    [HeldRequest]
    public async Task<ActionResult<SoftwareDeploymentEnvelope>> Get(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        Guid id,
        [FromQuery] int? wait,
        [FromHeader(Name = EntityTags.IfNoneMatch)] string? ifNoneMatch,
        CancellationToken cancellationToken) =>
        new SoftwareDeploymentEnvelope
        {
            SoftwareDeployment = await mediator.Send(
                new GetDeploymentQuery(projectId, id, wait, wait is null ? null : EntityTags.WaitCondition(ifNoneMatch)), cancellationToken),
        };

    /// <summary>Change a software deployment.</summary>
    /// <remarks>
    /// A field that is omitted or null is kept; "" and {} are values. Any status may follow any other. A change without effect is
    /// not recorded.
    ///
    /// A change of config_id, action or input_values, and of the status to IN_PROGRESS from another, starts a new run: the server's agent
    /// applies the configuration once more. To get the outcome of that run, set the status of a finished deployment to IN_PROGRESS in the
    /// same request: otherwise the agent applies the configuration, and what it reports is dropped.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="body">What to change.</param>
    /// <param name="ifMatch">Change it only if its entity tag is one of these.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The current deployment.</response>
    [HttpPut(Routes.Id, Name = "updateSoftwareDeployment")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType<SoftwareDeploymentEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SoftwareDeploymentEnvelope>> Update(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        Guid id,
        DeploymentUpdate body,
        [FromHeader(Name = EntityTags.IfMatch)] string? ifMatch,
        CancellationToken cancellationToken) =>
        new SoftwareDeploymentEnvelope
        {
            SoftwareDeployment = await mediator.Send(
                new UpdateDeploymentCommand(HttpContext.GetCaller(projectId), id, body, EntityTags.Condition(ifMatch)), cancellationToken),
        };

    /// <summary>Delete a software deployment.</summary>
    /// <remarks>It and its history no longer exist. The change feed has its events, and the deletion, for some days.</remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="ifMatch">Delete it only if its entity tag is one of these.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="204">It has been deleted.</response>
    [HttpDelete(Routes.Id, Name = "deleteSoftwareDeployment")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    public async Task<NoContentResult> Delete(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        Guid id,
        [FromHeader(Name = EntityTags.IfMatch)] string? ifMatch,
        CancellationToken cancellationToken)
    {
        await mediator.Send(new DeleteDeploymentCommand(HttpContext.GetCaller(projectId), id, EntityTags.Condition(ifMatch)), cancellationToken);
        return NoContent();
    }

    /// <summary>Show a software deployment's history.</summary>
    /// <remarks>
    /// One entry for its creation and one for each change, oldest first. Without <c>limit</c> the whole history is sent as it is read.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="limit">How many entries, 1 to 1,000; all by default.</param>
    /// <param name="marker">The last version seen. The history continues after it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">Its history.</response>
    [HttpGet(Routes.Id + "/events", Name = "listSoftwareDeploymentEvents")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ProducesResponseType<DeploymentEventListEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<DeploymentEventListEnvelope>> ListEvents(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        Guid id,
        [FromQuery] int? limit,
        [FromQuery] int? marker,
        CancellationToken cancellationToken) =>
        new DeploymentEventListEnvelope
        {
            Events = await mediator.Send(new ListDeploymentEventsQuery(projectId, id, limit, marker), cancellationToken),
        };

    /// <summary>Show a server's metadata: the configurations that its agent must apply.</summary>
    /// <remarks>
    /// One configuration for each deployment of the server whose configuration exists, by configuration name (none first), then by the
    /// deployment's creation. An unknown server has none.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="serverId">The server. A slash in it may be sent without encoding.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The configurations.</response>
    [HttpGet("metadata/{**server_id}", Name = "getServerMetadata")]
    [Authorize(ProjectAuthorizationHandler.ReadMetadata)]
    [ProducesResponseType<ServerMetadataEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<ServerMetadataEnvelope>> GetMetadata(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        [FromRoute(Name = ServerIdModelBinder.Parameter), ModelBinder<ServerIdModelBinder>] string serverId,
        CancellationToken cancellationToken) =>
        new ServerMetadataEnvelope { Metadata = await mediator.Send(new GetServerMetadataQuery(projectId, serverId), cancellationToken) };
}
