namespace Deployments.Application.ChangeFeed;

/// <summary>Reads the feed once for all that wait for the same events: one event may wake thousands.</summary>
internal sealed class SharedFeedReads(IChangeFeed feed, ReadTurns turns)
{
    private readonly Lock gate = new();
    private readonly Dictionary<Key, Read> reads = [];

    /// <summary>
    /// The first events after a position; the result may be that of a read that has already begun. What was signalled between that and the
    /// caller's own watch is found by the check for missed changes.
    /// </summary>
    public Task<FeedChunk> ReadAsync(FeedFilter filter, FeedPosition? after, int count, CancellationToken cancellationToken) =>
        ReadAsync(new Key(filter, after, count, Descending: false), cancellationToken);

    /// <summary>The newest event of a project, or one that is no longer the newest: the result may be that of a read that has already begun.</summary>
    public Task<FeedChunk> ReadEndAsync(string projectId, CancellationToken cancellationToken) =>
        ReadAsync(new Key(new FeedFilter(projectId), After: null, Count: 1, Descending: true), cancellationToken);

    /// <summary>The cursor after which every event comes that is committed from now on, or cannot be read yet.</summary>
    public async Task<FeedCursor> FindEndAsync(string projectId, CancellationToken cancellationToken)
    {
        var end = await turns.RunAsync(
            token => feed.ReadAsync(new FeedFilter(projectId), after: null, count: 1, descending: true, token), cancellationToken);
        return new FeedCursor(end.State.Epoch, end.Last, end.State.Floor);
    }

    private async Task<FeedChunk> ReadAsync(Key key, CancellationToken cancellationToken)
    {
        var read = Join(key);
        try
        {
            return await read.Result.Value.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(key, read);
        }
    }

    private Read Join(Key key)
    {
        lock (gate)
        {
            if (!reads.TryGetValue(key, out var read))
            {
                reads.Add(key, read = new Read(own => ReadAsync(key, own)));
            }

            read.Readers++;
            return read;
        }
    }

    private void Leave(Key key, Read read)
    {
        lock (gate)
        {
            if (--read.Readers > 0)
            {
                return;
            }

            Remove(key, read);
        }

        read.Abandoned.Cancel(); // the turn is for those that still wait
    }

    private void Remove(Key key, Read read)
    {
        if (reads.GetValueOrDefault(key) == read)
        {
            reads.Remove(key);
        }
    }

    private async Task<FeedChunk> ReadAsync(Key key, Read read)
    {
        try
        {
            return await turns.RunAsync(
                token => feed.ReadAsync(key.Filter, key.After, key.Count, key.Descending, token), read.Abandoned.Token);
        }
        finally
        {
            lock (gate)
            {
                Remove(key, read); // whoever comes now needs a later snapshot
            }
        }
    }

    private sealed record Key(FeedFilter Filter, FeedPosition? After, int Count, bool Descending);

    /// <summary>A read, and how many wait for its result.</summary>
    private sealed class Read
    {
        public Read(Func<Read, Task<FeedChunk>> start) => Result = new Lazy<Task<FeedChunk>>(() => start(this));

        public Lazy<Task<FeedChunk>> Result { get; }

        public CancellationTokenSource Abandoned { get; } = new();

        public int Readers { get; set; }
    }
}
