using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.Agents;

/// <summary>
/// Revokes the agent of a server: its address, and those to which it reports, do not exist any more.
/// Throws <see cref="NotFoundException"/>, <see cref="UnavailableException"/>.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="ServerId">The server.</param>
public sealed record RevokeAgentCommand(string ProjectId, string ServerId) : IRequest;

internal sealed class RevokeAgentHandler(IAgentStore agents) : AsyncRequestHandler<RevokeAgentCommand>
{
    protected override async Task Handle(RevokeAgentCommand command, CancellationToken cancellationToken)
    {
        if (!await agents.DeleteAsync(command.ProjectId, command.ServerId, cancellationToken))
        {
            throw new NotFoundException("This server has no agent in this project.");
        }
    }
}
