using System.Text.Json;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Application.Agents;

/// <summary>
/// Stores agents, and reads what they apply. Each call ends soon after its token fires: with its result, which is durable, or with
/// <see cref="UnavailableException"/>.
/// </summary>
public interface IAgentStore
{
    /// <summary>Stores a new agent, unless its server has one.</summary>
    /// <param name="create">Creates the agent, with an id of its own each time.</param>
    /// <param name="cancellationToken">Stops the work; it may have been stored nevertheless.</param>
    /// <returns>The agent of the server.</returns>
    Task<Agent> AddAsync(Func<Agent> create, CancellationToken cancellationToken);

    /// <summary>Deletes the agent of a server, and ends the requests that it has waiting, on every instance.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="serverId">The server.</param>
    /// <param name="cancellationToken">Stops the work; it may have been deleted nevertheless.</param>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string projectId, string serverId, CancellationToken cancellationToken);

    /// <summary>Whether an agent exists.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="id">The agent.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<bool> ExistsAsync(string projectId, Guid id, CancellationToken cancellationToken);

    /// <summary>Records, in memory for about a minute, that an agent has asked what to apply.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="id">The agent.</param>
    void MarkSeen(string projectId, Guid id);

    /// <summary>
    /// The runs that an agent applies, all of one snapshot: one for each deployment of its server that its project owns and whose
    /// configuration exists, by the configuration's name (none first), then by the deployment's creation.
    /// </summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="id">The agent.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Null if there is no such agent.</returns>
    Task<AgentRuns?> ListRunsAsync(string projectId, Guid id, CancellationToken cancellationToken);

    /// <summary>
    /// Deployments with their configurations, in the given order and each of one snapshot; those that do not exist any more are left out.
    /// Where they are large, fewer than requested.
    /// </summary>
    /// <param name="projectId">The project that owns them.</param>
    /// <param name="ids">Which.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<Chunk<DeploymentToApply>> ReadAsync(string projectId, IReadOnlyList<Guid> ids, CancellationToken cancellationToken);

    /// <summary>The outputs that the configuration of a deployment declares; none if it does not exist.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="agentId">The agent.</param>
    /// <param name="deploymentId">The deployment, of the agent's server.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Null if there is no such agent, or no such deployment of its server.</returns>
    Task<IReadOnlyList<ConfigOutput>?> FindOutputsAsync(
        string projectId, Guid agentId, Guid deploymentId, CancellationToken cancellationToken);
}

internal static class AgentLookup
{
    // The same as for a path that does not exist, and without a part of the address.
    public static NotFoundException NotFound() => new("This path does not exist.");
}

/// <summary>The runs that an agent applies.</summary>
/// <param name="ServerId">The agent's server.</param>
/// <param name="Runs">The runs, in the order in which they are applied.</param>
public sealed record AgentRuns(string ServerId, IReadOnlyList<ListedRun> Runs);

/// <summary>A run that an agent applies.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Run">Its present run.</param>
/// <param name="Deadline">The deadline of the run; null without a timeout.</param>
public readonly record struct ListedRun(Guid DeploymentId, Guid Run, DateTimeOffset? Deadline);

/// <summary>A deployment that an agent applies, with its configuration.</summary>
public sealed record DeploymentToApply
{
    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>Its present run.</summary>
    public required Guid Run { get; init; }

    /// <summary>The deadline of the run; null without a timeout.</summary>
    public required DateTimeOffset? Deadline { get; init; }

    /// <summary>Its server.</summary>
    public required string ServerId { get; init; }

    /// <summary>Its action; null if none was given.</summary>
    public required string? Action { get; init; }

    /// <summary>Its input data; null if none were given.</summary>
    public required IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>The configuration's name; null if none was given.</summary>
    public required string? Name { get; init; }

    /// <summary>The agent hook that applies it; null if none was given.</summary>
    public required string? Group { get; init; }

    /// <summary>When the configuration was created.</summary>
    public required DateTimeOffset CreationTime { get; init; }

    /// <summary>The configuration itself; null if none was given.</summary>
    public required JsonElement? Config { get; init; }

    /// <summary>The inputs that the configuration declares.</summary>
    public required IReadOnlyList<ConfigInput> Inputs { get; init; }

    /// <summary>The outputs that the configuration declares.</summary>
    public required IReadOnlyList<ConfigOutput> Outputs { get; init; }

    /// <summary>Settings for the agent hook.</summary>
    public required IReadOnlyDictionary<string, JsonElement> Options { get; init; }
}
