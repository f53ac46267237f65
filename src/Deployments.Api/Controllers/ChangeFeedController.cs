using Deployments.Api.Authorization;
using Deployments.Api.Contracts;
using Deployments.Api.Hosting;
using Deployments.Api.Mvc;
using Deployments.Api.Streaming;
using Deployments.Application.ChangeFeed;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Controllers;

/// <summary>The change feed: every creation, change and deletion of a project's deployments, in order, resumable.</summary>
[ApiController]
[Route(Routes.Project + "/events")]
public sealed class ChangeFeedController(IMediator mediator) : ControllerBase
{
    /// <summary>Read a project's change feed.</summary>
    /// <remarks>
    /// The events of the project's own deployments and of those shared with it, oldest first. Continue with <c>after</c> set to the
    /// <c>next</c> of the response: nothing is skipped and nothing comes twice, also over restarts of the service and its database. A
    /// page may have fewer events than <c>limit</c>, or none, when the filters leave some out; the end is reached when <c>next</c> stays
    /// the same. Deleted deployments have their events here for some days. 410: begin anew with <c>after=now</c>, list the deployments,
    /// and continue from that <c>next</c>. With <c>Accept: text/event-stream</c> the response is a stream of server-sent events that does not
    /// end, without <c>limit</c>, <c>wait</c> and <c>order</c>: <c>id</c> is the cursor, <c>event</c> the type, <c>data</c> the event. It begins
    /// with a <c>bookmark</c>, whose data are <c>{}</c>, and has one every 15 s; <c>Last-Event-ID</c> continues a stream that was interrupted.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="after">The <c>next</c> of an earlier response; <c>now</c> for the present end of the feed; by default its beginning.</param>
    /// <param name="limit">How many events, 1 to 1,000; 100 by default.</param>
    /// <param name="wait">How many seconds to wait for an event that matches, 1 to 50; not at all by default.</param>
    /// <param name="order"><c>asc</c>, oldest first, or <c>desc</c>, newest first, which does not wait.</param>
    /// <param name="serverId">Only the events of this server.</param>
    /// <param name="configId">Only the events with this software configuration.</param>
    /// <param name="deploymentId">Only the events of this deployment.</param>
    /// <param name="status">Only the events with this status.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The events, and the cursor to continue from.</response>
    [HttpGet(Name = "listEvents")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ProducesResponseType<ChangeFeedEnvelope>(StatusCodes.Status200OK)]
    [HeldRequest]
    public async Task<ActionResult<ChangeFeedEnvelope>> List(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        [FromQuery] string? after,
        [FromQuery] int? limit,
        [FromQuery] int? wait,
        [FromQuery] string? order,
        [FromQuery(Name = "server_id")] string? serverId,
        [FromQuery(Name = "config_id")] string? configId,
        [FromQuery(Name = "deployment_id")] Guid? deploymentId,
        [FromQuery] string? status,
        CancellationToken cancellationToken)
    {
        var query = new ReadChangeFeedQuery
        {
            ProjectId = projectId,
            After = after,
            Limit = limit,
            Wait = wait,
            Order = order,
            ServerId = serverId,
            ConfigId = configId,
            DeploymentId = deploymentId,
            Status = status,
        };
        var page = await mediator.Send(query, cancellationToken);
        return new ChangeFeedEnvelope { Events = page.Events, Next = page.Next };
    }

    /// <summary>Follow a project's change feed as server-sent events.</summary>
    [HttpGet(Name = "followEvents")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ApiExplorerSettings(IgnoreApi = true)] // the document has one operation for both
    [EventStream]
    public async Task<EmptyResult> Follow(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        [FromQuery] string? after,
        [FromHeader(Name = FollowChangeFeedQuery.LastEventIdHeader)] string? lastEventId,
        [FromQuery(Name = "server_id")] string? serverId,
        [FromQuery(Name = "config_id")] string? configId,
        [FromQuery(Name = "deployment_id")] Guid? deploymentId,
        [FromQuery] string? status,
        CancellationToken cancellationToken)
    {
        var query = new FollowChangeFeedQuery
        {
            ProjectId = projectId,
            After = after,
            LastEventId = lastEventId,
            ServerId = serverId,
            ConfigId = configId,
            DeploymentId = deploymentId,
            Status = status,
            Sink = new EventStream(HttpContext),
        };
        await mediator.Send(query, cancellationToken);
        return new EmptyResult();
    }
}
