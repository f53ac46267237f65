namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>A deployment to insert, and the waiting caller.</summary>
internal sealed class PendingInsert(DeploymentRow row, long enqueuedAt)
{
    private readonly TaskCompletionSource<bool> inserted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DeploymentRow Row { get; } = row;

    public long EnqueuedAt { get; } = enqueuedAt;

    /// <summary>Whether it was inserted (true) or existed already (false).</summary>
    public Task<bool> Inserted => inserted.Task;

    /// <summary>Whether its caller has stopped waiting.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>
    /// Orders a group: deployments with an idempotency key first, by key, so that two writers that hold some of the same keys cannot
    /// deadlock; of those with the same key the first to arrive is first.
    /// </summary>
    public static int CompareByIdempotencyKey(PendingInsert left, PendingInsert right)
    {
        var (one, other) = (left.Row.Deployment, right.Row.Deployment);
        return (one.IdempotencyKey, other.IdempotencyKey) switch
        {
            (null, null) => 0,
            (null, _) => 1,
            (_, null) => -1,
            _ when string.CompareOrdinal(one.ProjectId, other.ProjectId) is not 0 and var order => order,
            _ when string.CompareOrdinal(one.IdempotencyKey.Key, other.IdempotencyKey.Key) is not 0 and var order => order,
            _ => left.EnqueuedAt.CompareTo(right.EnqueuedAt),
        };
    }

    public void Abandon() => IsAbandoned = true;

    public void Succeed(bool isNew) => inserted.TrySetResult(isNew);

    public void Fail(Exception exception) => inserted.TrySetException(exception);
}
