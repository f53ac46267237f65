using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;
using UUIDNext;

namespace Deployments.Application.Agents;

/// <summary>
/// The agent of a server, with the address from which it reads what to apply; created if there is none, and the same each time until it is
/// revoked. Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="UnavailableException"/> when the database does
/// not respond.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Agent">The server.</param>
/// <param name="Addresses">Makes the address.</param>
public sealed record CreateAgentCommand(string ProjectId, NewAgent Agent, IAgentAddresses Addresses) : IRequest<AgentDto>;

/// <summary>The agent to create. Fields that are not listed here are ignored.</summary>
public sealed record NewAgent
{
    /// <summary>The server that it runs on: any text of 1 to 255 characters, such as the UUID of a Nova server.</summary>
    public string? ServerId { get; init; }
}

/// <summary>The agent of a server.</summary>
public sealed record AgentDto
{
    /// <summary>The server that it runs on.</summary>
    public required string ServerId { get; init; }

    /// <summary>
    /// The address from which it reads what to apply. It is a secret: whoever has it needs no token, and may read that and report outcomes.
    /// </summary>
    public required string MetadataUrl { get; init; }

    /// <summary>When it was created: UTC, whole seconds.</summary>
    public required DateTimeOffset CreationTime { get; init; }

    /// <summary>When it last read what to apply, to the minute and up to about a minute late; null if it has not.</summary>
    public required DateTimeOffset? LastSeen { get; init; }
}

internal sealed class NewAgentValidator : AbstractValidator<NewAgent>
{
    public NewAgentValidator() => RuleFor(agent => agent.ServerId).Required().AtMost(SoftwareDeployment.MaxServerIdLength);
}

internal sealed class CreateAgentValidator : AbstractValidator<CreateAgentCommand>
{
    public CreateAgentValidator(IValidator<NewAgent> agent) => RuleFor(command => command.Agent).IncludeRulesOf(agent);
}

internal sealed class CreateAgentHandler(IAgentStore agents, TimeProvider clock) : IRequestHandler<CreateAgentCommand, AgentDto>
{
    public async Task<AgentDto> Handle(CreateAgentCommand command, CancellationToken cancellationToken)
    {
        var agent = await agents.AddAsync(
            () => new Agent(Uuid.NewDatabaseFriendly(Database.PostgreSql), command.ProjectId, command.Agent.ServerId!, clock.GetUtcNow()),
            cancellationToken);
        return new AgentDto
        {
            ServerId = agent.ServerId,
            MetadataUrl = command.Addresses.CreateDocumentUrl(agent.ProjectId, agent.Id),
            CreationTime = agent.CreationTime,
            LastSeen = agent.LastSeen,
        };
    }
}
