using Deployments.Api.Authorization;
using Deployments.Api.Contracts;
using Deployments.Api.Mvc;
using Deployments.Application.Servers;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Controllers;

/// <summary>Servers: what the project's deployments and agents are for.</summary>
[ApiController]
[Route(Routes.Project + "/servers")]
public sealed class ServersController(IMediator mediator) : ControllerBase
{
    /// <summary>List servers.</summary>
    /// <remarks>
    /// The servers of the project's own deployments and of its agents, in ordinal order of their ids, each with its deployments counted by
    /// status. Always a page, with a link to the next one if there is one. The first page, which has no <c>marker</c>, also has the totals of
    /// the whole project.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="serverIdPrefix">Only the servers whose id begins with this text.</param>
    /// <param name="status">Only the servers with at least one deployment with this status.</param>
    /// <param name="limit">How many, 1 to 1,000; 100 by default.</param>
    /// <param name="marker">The last server id seen. The list continues after it, whether or not there is such a server.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The servers; an empty list past the end.</response>
    [HttpGet(Name = "listServers")]
    [Authorize(ProjectAuthorizationHandler.Read)]
    [ProducesResponseType<ServerListEnvelope>(StatusCodes.Status200OK)]
    public async Task<ActionResult<ServerListEnvelope>> List(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        [FromQuery(Name = "server_id_prefix")] string? serverIdPrefix,
        [FromQuery] string? status,
        [FromQuery] int? limit,
        [FromQuery] string? marker,
        CancellationToken cancellationToken)
    {
        var query = new ListServersQuery
        {
            ProjectId = projectId,
            ServerIdPrefix = serverIdPrefix,
            Status = status,
            Limit = limit,
            Marker = marker,
        };
        var page = await mediator.Send(query, cancellationToken);
        return new ServerListEnvelope
        {
            Servers = page.Servers,
            ServersLinks = HttpContext.LinkToNext(page.Next),
            Totals = page.Totals,
            IsFirstPage = marker is null,
        };
    }
}
