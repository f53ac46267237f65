using Deployments.Api.Authentication;
using Deployments.Api.Errors;
using Deployments.Api.Http;
using Deployments.Application.SoftwareDeployments;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Controllers;

/// <summary>Software deployments: which software configuration is applied to which server, and how it went.</summary>
[ApiController]
[Route(Routes.Project + "/software_deployments")]
public sealed class SoftwareDeploymentsController(IMediator mediator) : ControllerBase
{
    /// <summary>Create a software deployment.</summary>
    /// <remarks>
    /// Records that a configuration is applied to a server. The answer is sent once the deployment is durable; its
    /// <c>Location</c> header is where it can be read.
    /// </remarks>
    /// <param name="projectId">The project that will own the deployment; the token's own.</param>
    /// <param name="body">The deployment.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The deployment as it was stored.</response>
    /// <response code="400">The body breaks a rule; <c>errors</c> names every field at fault. Nothing was stored.</response>
    /// <response code="401">No token, or one that does not verify.</response>
    /// <response code="403">The token is another project's, or its role may not create.</response>
    /// <response code="406">The <c>Accept</c> header leaves JSON out.</response>
    /// <response code="413">The body is larger than 1 MiB.</response>
    /// <response code="415">The body is not <c>application/json</c> in UTF-8.</response>
    /// <response code="503">The database cannot be reached; try again after <c>Retry-After</c> seconds.</response>
    [HttpPost(Name = "createSoftwareDeployment")]
    [Authorize(ProjectAccess.Write)]
    [ProducesResponseType<SoftwareDeploymentEnvelope>(StatusCodes.Status200OK)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status400BadRequest)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status401Unauthorized)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status403Forbidden)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status406NotAcceptable)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status413PayloadTooLarge)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status415UnsupportedMediaType)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status503ServiceUnavailable)]
    public async Task<ActionResult<SoftwareDeploymentEnvelope>> Create(
        [FromRoute(Name = Routes.ProjectId)] string projectId, CreateSoftwareDeploymentBody body, CancellationToken cancellationToken)
    {
        var deployment = await mediator.Send(body.ToCommand(projectId), cancellationToken);
        Response.Headers.Location = Url.Action(nameof(Get), new { project_id = projectId, id = deployment.Id });
        return new SoftwareDeploymentEnvelope { SoftwareDeployment = deployment };
    }

    /// <summary>Show a software deployment.</summary>
    /// <param name="projectId">The project that asks; the token's own.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The deployment.</response>
    /// <response code="401">No token, or one that does not verify.</response>
    /// <response code="403">The token is another project's, or its role may not read.</response>
    /// <response code="404">There is no such deployment that this project may see.</response>
    /// <response code="406">The <c>Accept</c> header leaves JSON out.</response>
    /// <response code="503">The database cannot be reached; try again after <c>Retry-After</c> seconds.</response>
    [HttpGet("{id:" + Routes.Uuid + "}", Name = "getSoftwareDeployment")]
    [Authorize(ProjectAccess.Read)]
    [ProducesResponseType<SoftwareDeploymentEnvelope>(StatusCodes.Status200OK)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status401Unauthorized)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status403Forbidden)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status406NotAcceptable)]
    [ProducesResponseType<ErrorBody>(StatusCodes.Status503ServiceUnavailable)]
    public async Task<ActionResult<SoftwareDeploymentEnvelope>> Get(
        [FromRoute(Name = Routes.ProjectId)] string projectId, Guid id, CancellationToken cancellationToken) =>
        new SoftwareDeploymentEnvelope { SoftwareDeployment = await mediator.Send(new GetDeploymentQuery(projectId, id), cancellationToken) };
}
