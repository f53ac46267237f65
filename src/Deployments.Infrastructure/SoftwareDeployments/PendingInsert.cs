using Deployments.Infrastructure.Batching;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>A deployment to insert, and the waiting caller.</summary>
internal sealed class PendingInsert(DeploymentRow row, long enqueuedAt) : IPendingWrite
{
    private readonly TaskCompletionSource<bool> inserted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DeploymentRow Row { get; } = row;

    public long EnqueuedAt { get; } = enqueuedAt;

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

    /// <summary>Waits until it is durable. It may be so later, too: a group is not cancelled for one of its callers.</summary>
    /// <returns>Whether it was inserted (true) or existed already (false).</returns>
    public async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await inserted.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            IsAbandoned = true;
        }
    }

    public void Succeed(bool isNew) => inserted.TrySetResult(isNew);

    public void Fail(Exception exception)
    {
        if (inserted.TrySetException(exception))
        {
            _ = inserted.Task.Exception; // nobody may be waiting for it
        }
    }
}
