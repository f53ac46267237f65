using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.Agents;

/// <summary>
/// Checks that an agent exists, before it reads what to apply. Throws <see cref="NotFoundException"/> when it was revoked,
/// <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
/// <param name="ProjectId">The agent's project.</param>
/// <param name="AgentId">The agent.</param>
public sealed record FindAgentQuery(string ProjectId, Guid AgentId) : IRequest;

internal sealed class FindAgentHandler(IAgentStore agents) : AsyncRequestHandler<FindAgentQuery>
{
    protected override async Task Handle(FindAgentQuery query, CancellationToken cancellationToken)
    {
        if (!await agents.ExistsAsync(query.ProjectId, query.AgentId, cancellationToken))
        {
            throw AgentLookup.NotFound();
        }

        agents.MarkSeen(query.ProjectId, query.AgentId);
    }
}
