using Deployments.Api.Authorization;
using Deployments.Api.Contracts;
using Deployments.Api.Mvc;
using Deployments.Application.SoftwareConfigs;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Controllers;

/// <summary>Software configurations: what an agent runs on a server. They never change.</summary>
[ApiController]
[Route(Routes.Project + "/software_configs")]
public sealed class SoftwareConfigsController(IMediator mediator) : ControllerBase
{
    /// <summary>Create a software configuration.</summary>
    /// <remarks>It never changes; create another one to replace it. The response's <c>Location</c> header is its address.</remarks>
    /// <param name="projectId">The project that will own the configuration: the token's own, or with the role admin any.</param>
    /// <param name="body">The configuration.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The configuration as it was stored.</response>
    [HttpPost(Name = "createSoftwareConfig")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType<SoftwareConfigEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SoftwareConfigEnvelope>> Create(
        [FromRoute(Name = Routes.ProjectId)] string projectId, NewConfig body, CancellationToken cancellationToken)
    {
        var config = await mediator.Send(new CreateConfigCommand(projectId, body), cancellationToken);
        Response.Headers.Location = Request.GetPathOfItem(config.Id);
        return new SoftwareConfigEnvelope { SoftwareConfig = config };
    }

    /// <summary>List software configurations.</summary>
    /// <remarks>
    /// In summary, newest first. Without <c>limit</c> the whole list is sent as it is read; with it a page, and a link to
    /// the next one if there is one.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="limit">How many, 1 to 1,000; all by default.</param>
    /// <param name="marker">The last id seen. The list continues after it, whether or not it still exists.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The configurations; an empty list past the end.</response>
    [HttpGet(Name = "listSoftwareConfigs")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ProducesResponseType<SoftwareConfigListEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SoftwareConfigListEnvelope>> List(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        [FromQuery] int? limit,
        [FromQuery] Guid? marker,
        CancellationToken cancellationToken)
    {
        var page = await mediator.Send(new ListConfigsQuery(projectId, limit, marker), cancellationToken);
        return new SoftwareConfigListEnvelope
        {
            SoftwareConfigs = page.Items,
            SoftwareConfigsLinks = HttpContext.LinkToNext(page.Next?.ToString()),
        };
    }

    /// <summary>Show a software configuration.</summary>
    /// <remarks>Including the script or document for its agent hook.</remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="id">The configuration's id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The configuration.</response>
    [HttpGet(Routes.Id, Name = "getSoftwareConfig")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ProducesResponseType<SoftwareConfigEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SoftwareConfigEnvelope>> Get(
        [FromRoute(Name = Routes.ProjectId)] string projectId, Guid id, CancellationToken cancellationToken) =>
        new SoftwareConfigEnvelope { SoftwareConfig = await mediator.Send(new GetConfigQuery(projectId, id), cancellationToken) };

    /// <summary>Delete a software configuration.</summary>
    /// <remarks>Only one that no deployment of the project refers to.</remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="id">The configuration's id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="204">It has been deleted.</response>
    /// <response code="409">A deployment of the project refers to it.</response>
    [HttpDelete(Routes.Id, Name = "deleteSoftwareConfig")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    [ProducesResponseType<Errors.ErrorBody>(StatusCodes.Status409Conflict)]
    public async Task<NoContentResult> Delete(
        [FromRoute(Name = Routes.ProjectId)] string projectId, Guid id, CancellationToken cancellationToken)
    {
        await mediator.Send(new DeleteConfigCommand(projectId, id), cancellationToken);
        return NoContent();
    }
}
