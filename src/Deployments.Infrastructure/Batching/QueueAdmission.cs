namespace Deployments.Infrastructure.Batching;

/// <summary>
/// Decides which entries a <see cref="BatchQueue{T}"/> accepts, and which of them have waited too long when their turn comes. This is CoDel
/// (controlled delay, RFC 8289) as servers use it for requests: a burst may wait, but once the queue has not been empty for a whole
/// interval (<see cref="OverloadInterval"/>) and groups are below their initial size, entries that have waited longer than the target
/// (<see cref="MaxQueueDelay"/>) are shed, and fewer may wait.
/// </summary>
/// <remarks>
/// The queue is shared fairly between keys. A single key may fill it. A full queue still admits entries of keys that hold less than an
/// equal share, up to twice its capacity, so that a key that fills the queue does not close it to the others.
/// </remarks>
internal sealed class QueueAdmission(AdaptiveBatchSize batchSize, TimeProvider clock)
{
    public const int QueueCapacityInGroups = 8;
    public const long MaxTotalLength = 56 * 1024 * 1024; // with a group in flight 64 MiB

    /// <summary>CoDel's interval.</summary>
    public static readonly TimeSpan OverloadInterval = TimeSpan.FromSeconds(1);

    /// <summary>CoDel's target.</summary>
    public static readonly TimeSpan MaxQueueDelay = TimeSpan.FromMilliseconds(600);

    private long queueBusySince = clock.GetTimestamp();
    private volatile bool isShedding;
    private bool hasShed;

    // Groups are below their initial size and the queue has not been empty for a whole interval.
    private bool IsOverloaded =>
        batchSize.MaxGroupSize < batchSize.InitialSize && clock.GetElapsedTime(Volatile.Read(ref queueBusySince)) > OverloadInterval;

    private int QueueCapacity =>
        QueueCapacityInGroups * (IsOverloaded ? batchSize.MaxGroupSize : Math.Max(batchSize.MaxGroupSize, batchSize.InitialSize));

    /// <summary>Whether the caller may add an entry. Any thread may ask.</summary>
    public bool TryAdmit(QueueLoad load)
    {
        if (load.QueueLength == 0 && !isShedding)
        {
            RestartInterval();
        }

        return HasRoom(QueueCapacity, load.QueueLength, load.OwnQueueLength, load.Keys)
            && HasRoom(MaxTotalLength, load.TotalLength, load.OwnTotalLength, load.Keys);
    }

    /// <summary>Whether an entry whose turn has come is to be shed. For the loop that takes groups.</summary>
    public bool TryShed(long enqueuedAt)
    {
        if (!IsOverloaded || clock.GetElapsedTime(enqueuedAt) <= MaxQueueDelay)
        {
            return false;
        }

        isShedding = hasShed = true;
        return true;
    }

    /// <summary>
    /// Reports a group that was taken. Shedding goes on if the queue was emptied by shedding rather than by the database.
    /// </summary>
    public void GroupTaken(int groupSize)
    {
        isShedding = hasShed || (isShedding && groupSize == batchSize.MaxGroupSize);
        hasShed = false;
    }

    /// <summary>The queue counts as busy from now on.</summary>
    public void RestartInterval() => Volatile.Write(ref queueBusySince, clock.GetTimestamp());

    private static bool HasRoom(long capacity, long used, long ownUsed, int keys) =>
        used < capacity || (used < 2 * capacity && ownUsed < capacity / keys);
}
