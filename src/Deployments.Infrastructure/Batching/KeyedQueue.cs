namespace Deployments.Infrastructure.Batching;

/// <summary>
/// Admits one caller at a time for each key, in order of arrival. Callers that wait for the same row wait here, instead of each holding a
/// database connection.
/// </summary>
internal sealed class KeyedQueue<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Turns> keys = [];

    /// <summary>The number of keys that are held or waited for.</summary>
    public int Count
    {
        get
        {
            lock (keys)
            {
                return keys.Count;
            }
        }
    }

    /// <summary>Waits for the key's turn, which ends when the result is disposed.</summary>
    public async Task<IDisposable> EnterAsync(TKey key, CancellationToken cancellationToken)
    {
        Turns? turns;
        lock (keys)
        {
            if (!keys.TryGetValue(key, out turns))
            {
                keys.Add(key, turns = new Turns());
            }

            turns.Users++;
        }

        try
        {
            await turns.Free.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(key, turns);
            throw;
        }

        return new Turn(this, key, turns);
    }

    private void Leave(TKey key, Turns turns)
    {
        lock (keys)
        {
            if (--turns.Users == 0)
            {
                keys.Remove(key);
            }
        }
    }

    private sealed class Turns
    {
        public SemaphoreSlim Free { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Turn(KeyedQueue<TKey> queue, TKey key, Turns turns) : IDisposable
    {
        public void Dispose()
        {
            turns.Free.Release();
            queue.Leave(key, turns);
        }
    }
}
