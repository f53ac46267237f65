namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// The waits in the order in which their time is up, so that a heartbeat costs what it ends and not what waits. Not thread-safe: the hub's lock
/// guards it.
/// </summary>
internal sealed class WaitDeadlines
{
    private readonly PriorityQueue<ITimedWatch, long> queue = new();

    /// <summary>How many are queued.</summary>
    public int Count => queue.Count;

    /// <summary>A watch has begun to wait. It stays queued when it is woken, and is queued again only where that would be too late.</summary>
    public void Add(ITimedWatch watch)
    {
        if (watch.QueuedUntil is not { } queuedUntil || queuedUntil > watch.Deadline)
        {
            watch.QueuedUntil = watch.Deadline;
            queue.Enqueue(watch, watch.Deadline);
        }
    }

    /// <summary>Ends the waits whose time is up.</summary>
    /// <param name="now">A timestamp of the clock.</param>
    public void EndWaits(long now)
    {
        while (queue.TryPeek(out var watch, out var queuedUntil) && queuedUntil <= now)
        {
            queue.Dequeue();
            if (watch.QueuedUntil == queuedUntil)
            {
                watch.QueuedUntil = null; // else it is queued for a later wait, or an earlier one
            }

            if (watch.IsWaiting && watch.Deadline <= now)
            {
                watch.EndWait();
            }
            else if (watch.IsWaiting)
            {
                Add(watch);
            }
        }
    }
}

/// <summary>A watch that waits for a limited time, again and again.</summary>
internal interface ITimedWatch
{
    bool IsWaiting { get; }

    /// <summary>When the wait ends, as a timestamp of the clock.</summary>
    long Deadline { get; }

    /// <summary>When <see cref="WaitDeadlines"/> looks at it next; null if it is not queued.</summary>
    long? QueuedUntil { get; set; }

    /// <summary>Ends the wait: the time is up, or the service stops.</summary>
    void EndWait();
}
