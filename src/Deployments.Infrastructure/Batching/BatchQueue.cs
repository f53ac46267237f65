namespace Deployments.Infrastructure.Batching;

/// <summary>
/// Entries that wait to be processed in groups. Each key has a FIFO queue of its own, and a group takes one entry of each key in turn
/// (round robin), so that a key with many entries does not delay another's few. Any number of threads may add; one loop waits and takes.
/// </summary>
/// <remarks>
/// One lock, held for a single entry at a time: an uncontended lock and a look-up of the key are far cheaper than the request that adds
/// the entry, and the counts that admission needs are exact.
/// </remarks>
internal sealed class BatchQueue<T>
{
    private const int MaxSpareQueues = 16;

    private readonly Lock sync = new();
    private readonly Dictionary<string, KeyQueue> queues = [];
    private readonly Queue<KeyQueue> turns = new();
    private readonly Stack<KeyQueue> spareQueues = new();
    private TaskCompletionSource<bool>? waiter;
    private int count;
    private long length;
    private bool isCompleted;

    public bool IsEmpty
    {
        get
        {
            lock (sync)
            {
                return count == 0;
            }
        }
    }

    /// <summary>The current load, in all and of the key.</summary>
    public QueueLoad LoadFor(string key)
    {
        lock (sync)
        {
            return queues.TryGetValue(key, out var own)
                ? new QueueLoad(count, length, queues.Count, own.Entries.Count, own.Length)
                : new QueueLoad(count, length, queues.Count + 1, 0, 0);
        }
    }

    /// <returns>False when the queue accepts no more entries.</returns>
    public bool TryAdd(string key, T entry, int entryLength)
    {
        lock (sync)
        {
            if (isCompleted)
            {
                return false;
            }

            if (!queues.TryGetValue(key, out var own))
            {
                own = spareQueues.TryPop(out var spare) ? spare : new KeyQueue();
                own.Key = key;
                queues.Add(key, own);
                turns.Enqueue(own);
            }

            own.Entries.Enqueue((entry, entryLength));
            own.Length += entryLength;
            length += entryLength;
            count++;
            waiter?.SetResult(true);
            waiter = null;
            return true;
        }
    }

    /// <summary>Waits for an entry.</summary>
    /// <returns>False when the queue is complete and empty.</returns>
    public Task<bool> WaitToTakeAsync()
    {
        lock (sync)
        {
            if (count > 0 || isCompleted)
            {
                return Task.FromResult(count > 0);
            }

            waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            return waiter.Task;
        }
    }

    /// <summary>
    /// Moves entries to the group until it has that many, or has reached that length. Entries to drop, such as abandoned ones, are removed
    /// on the way; they take no place in the group.
    /// </summary>
    public void TakeGroup(List<T> group, int maxGroupSize, int maxGroupLength, Predicate<T> isDropped)
    {
        var groupLength = 0L;
        while (group.Count < maxGroupSize && groupLength < maxGroupLength && TryTake(out var entry, out var entryLength))
        {
            if (!isDropped(entry))
            {
                group.Add(entry);
                groupLength += entryLength;
            }
        }
    }

    /// <summary>Accepts no more entries. Waiting entries can still be taken.</summary>
    public void Complete()
    {
        lock (sync)
        {
            isCompleted = true;
            waiter?.SetResult(false);
            waiter = null;
        }
    }

    private bool TryTake(out T entry, out int entryLength)
    {
        lock (sync)
        {
            if (!turns.TryDequeue(out var own))
            {
                (entry, entryLength) = (default!, 0);
                return false;
            }

            (entry, entryLength) = own.Entries.Dequeue();
            own.Length -= entryLength;
            length -= entryLength;
            count--;
            if (own.Entries.Count > 0)
            {
                turns.Enqueue(own);
                return true;
            }

            queues.Remove(own.Key);
            if (spareQueues.Count < MaxSpareQueues)
            {
                spareQueues.Push(own);
            }

            return true;
        }
    }

    private sealed class KeyQueue
    {
        public string Key { get; set; } = "";

        public Queue<(T Entry, int Length)> Entries { get; } = new();

        public long Length { get; set; }
    }
}
