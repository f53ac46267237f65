namespace Deployments.Application.Retention;

/// <summary>Deletes deployments and configurations by their age, at the request of those who operate the service.</summary>
public interface IRetention
{
    /// <summary>
    /// Deletes, or counts, what the rules say, at the pace at which the service does. Any number of programs may do so at once: each row is
    /// deleted once.
    /// </summary>
    /// <param name="rules">What is deleted.</param>
    /// <param name="isDryRun">Whether it is only counted.</param>
    /// <param name="progress">Receives after each slice how many there have been.</param>
    /// <param name="cancellationToken">Ends it; what was deleted stays deleted.</param>
    /// <returns>How many there were; without those of a commit whose outcome was unknown.</returns>
    Task<RetentionCount> PruneAsync(
        RetentionRules rules, bool isDryRun, Action<RetentionCount> progress, CancellationToken cancellationToken);
}

/// <summary>How many were deleted, or would be.</summary>
/// <param name="Deployments">Deployments.</param>
/// <param name="Configs">Configurations.</param>
public readonly record struct RetentionCount(long Deployments, long Configs)
{
    /// <summary>The sum of two counts.</summary>
    public static RetentionCount operator +(RetentionCount one, RetentionCount other) => one.Add(other);

    /// <summary>The sum of this and another count.</summary>
    public RetentionCount Add(RetentionCount other) => new(Deployments + other.Deployments, Configs + other.Configs);
}
