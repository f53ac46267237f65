using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.Servers;

/// <summary>
/// Reads the servers of a project's own deployments and of its agents. Each call ends soon after its token fires: with its result, or with
/// <see cref="UnavailableException"/>.
/// </summary>
public interface IServerQueries
{
    /// <summary>The first servers that match, in ordinal order of their ids.</summary>
    /// <param name="filter">Which servers.</param>
    /// <param name="after">Only those with a greater id; null for the first.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<IReadOnlyList<ServerDto>> ListAsync(ServerFilter filter, string? after, int count, CancellationToken cancellationToken);

    /// <summary>How many servers there are, and how many with at least one deployment of each status. Its cost grows with the project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<ServerTotalsDto> CountAsync(string projectId, CancellationToken cancellationToken);
}

/// <summary>Which servers to list.</summary>
/// <param name="ProjectId">The project that owns the deployments and the agents.</param>
/// <param name="IdPrefix">What the server's id begins with, or null for any.</param>
/// <param name="Status">The status that at least one of its deployments has, or null for any server.</param>
public sealed record ServerFilter(string ProjectId, string? IdPrefix, DeploymentStatus? Status);
