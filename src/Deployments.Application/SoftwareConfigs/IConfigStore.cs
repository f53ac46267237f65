using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// Stores configurations. Each call ends within five seconds: with its result, which is durable, or with
/// <see cref="UnavailableException"/>. A project sees only its own configurations.
/// </summary>
public interface IConfigStore
{
    /// <summary>Stores a new configuration. Adding the same id again changes nothing.</summary>
    /// <param name="config">The configuration, with an id of its own.</param>
    /// <param name="cancellationToken">Stops the work; it may have been stored nevertheless.</param>
    Task AddAsync(SoftwareConfig config, CancellationToken cancellationToken);

    /// <summary>The configuration, or null.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The configuration's id.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<SoftwareConfig?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken);

    /// <summary>Those of several configurations that exist, each once, in any order.</summary>
    /// <param name="keys">Which; the project that asks may see them all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<IReadOnlyList<SoftwareConfig>> FindAsync(IReadOnlyCollection<ConfigKey> keys, CancellationToken cancellationToken);

    /// <summary>The newest configurations, in descending order of their ids.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="before">Only those with a smaller id; null for the newest.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<IReadOnlyList<SoftwareConfigSummaryDto>> ListAsync(
        string projectId, Guid? before, int count, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes a configuration that no deployment of its project refers to. A concurrent deployment whose configuration must exist is
    /// either stored before, and prevents the deletion, or refused.
    /// </summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The configuration's id.</param>
    /// <param name="cancellationToken">Stops the work; it may have been deleted nevertheless.</param>
    Task<ConfigDeletion> DeleteAsync(string projectId, Guid id, CancellationToken cancellationToken);
}

/// <summary>The key of a configuration.</summary>
/// <param name="ProjectId">The project that owns it.</param>
/// <param name="Id">Its id.</param>
public sealed record ConfigKey(string ProjectId, Guid Id);

/// <summary>The result of deleting a configuration.</summary>
public enum ConfigDeletion
{
    /// <summary>It has been deleted.</summary>
    Deleted,

    /// <summary>It does not exist in the project.</summary>
    Absent,

    /// <summary>A deployment refers to it, so it was kept.</summary>
    InUse,
}
