using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Authorization;
using Deployments.Api.Contracts;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Binding;
using Deployments.Api.Mvc.Filters;
using Deployments.Application.Agents;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Controllers;

/// <summary>Agents: they run on servers, read what to apply, and report the outcome, with nothing but an address.</summary>
[ApiController]
[Route(Routes.Project + "/agents")]
[AgentKeysRequired]
public sealed class AgentsController(IMediator mediator) : ControllerBase
{
    /// <summary>Create the agent of a server, or show it.</summary>
    /// <remarks>
    /// Returns the address from which OpenStack's agents, and others, read what to apply to the server; what they read has the addresses to
    /// which they report. A server has one agent: it is created by the first request, and the same for each until it is revoked.
    /// </remarks>
    /// <param name="projectId">The project that owns the deployments: the token's own, or with the role admin any.</param>
    /// <param name="body">The server.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The agent.</response>
    /// <response code="404">The service has no agents: it has no key to sign their addresses with.</response>
    [HttpPost(Name = "createAgent")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType<AgentEnvelope>(StatusCodes.Status200OK)]
    [ProducesResponseType<Errors.ErrorBody>(StatusCodes.Status404NotFound)]
    public async Task<ActionResult<AgentEnvelope>> Create(
        [FromRoute(Name = Routes.ProjectId)] string projectId, NewAgent body, CancellationToken cancellationToken) =>
        new AgentEnvelope
        {
            Agent = await mediator.Send(new CreateAgentCommand(projectId, body, HttpContext.GetAgentAddresses()), cancellationToken),
        };

    /// <summary>Revoke the agent of a server.</summary>
    /// <remarks>
    /// Its address, and those to which it reports, do not exist any more. The next request to create an agent of the server creates another.
    /// </remarks>
    /// <param name="projectId">The project that owns the deployments: the token's own, or with the role admin any.</param>
    /// <param name="serverId">The server. A slash in it may be sent without encoding.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="204">It has been revoked.</response>
    /// <response code="404">The server has no agent, or the service has none.</response>
    [HttpDelete("{**server_id}", Name = "revokeAgent")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    [ProducesResponseType<Errors.ErrorBody>(StatusCodes.Status404NotFound)]
    public async Task<NoContentResult> Revoke(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        [FromRoute(Name = ServerIdModelBinder.Parameter), ModelBinder<ServerIdModelBinder>] string serverId,
        CancellationToken cancellationToken)
    {
        await mediator.Send(new RevokeAgentCommand(projectId, serverId), cancellationToken);
        return NoContent();
    }
}
