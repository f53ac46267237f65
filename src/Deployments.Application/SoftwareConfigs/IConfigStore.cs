using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// What the use cases ask of storage. Each call ends within five seconds: with its result, which is durable, or with
/// <see cref="UnavailableException"/>. A project sees its own configurations alone.
/// </summary>
public interface IConfigStore
{
    /// <summary>Stores a new configuration. Adding the same id again changes nothing.</summary>
    /// <param name="config">The configuration, with an id of its own.</param>
    /// <param name="cancellationToken">Gives up waiting; it may have been stored all the same.</param>
    Task AddAsync(SoftwareConfig config, CancellationToken cancellationToken);

    /// <summary>The configuration, or null.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The configuration's id.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<SoftwareConfig?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken);

    /// <summary>Those of several configurations that are there, each once, in any order.</summary>
    /// <param name="keys">Which; the project that asks may see them all.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<IReadOnlyList<SoftwareConfig>> FindAsync(IReadOnlyCollection<ConfigKey> keys, CancellationToken cancellationToken);

    /// <summary>The newest configurations, in descending order of their ids.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="before">Only those with a smaller id; null for the newest.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<IReadOnlyList<SoftwareConfigSummaryDto>> ListAsync(
        string projectId, Guid? before, int count, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes a configuration that no deployment of its project names. A deployment that is stored meanwhile, and whose
    /// configuration must be known, comes either before it, and stops it, or after it, and is refused.
    /// </summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The configuration's id.</param>
    /// <param name="cancellationToken">Gives up waiting; it may have been deleted all the same.</param>
    Task<ConfigDeletion> DeleteAsync(string projectId, Guid id, CancellationToken cancellationToken);
}

/// <summary>What names a configuration.</summary>
/// <param name="ProjectId">The project that owns it.</param>
/// <param name="Id">Its id.</param>
public sealed record ConfigKey(string ProjectId, Guid Id);

/// <summary>How deleting a configuration went.</summary>
public enum ConfigDeletion
{
    /// <summary>It is gone.</summary>
    Deleted,

    /// <summary>The project has none such.</summary>
    Absent,

    /// <summary>A deployment names it; it is still there.</summary>
    InUse,
}
