using System.Collections.Concurrent;
using Deployments.Application.Common;

namespace Deployments.Application.ChangeFeed;

/// <summary>Reads the feed once for all that wait for the same events: one event may wake thousands.</summary>
internal sealed class SharedFeedReads(IChangeFeed feed, RequestDeadline deadline)
{
    private readonly ConcurrentDictionary<Key, Lazy<Task<FeedChunk>>> reads = new();

    /// <summary>
    /// The first events after a position; the result may be that of a read that has already begun. What was signalled between that and the
    /// caller's own watch is found by the check for missed changes.
    /// </summary>
    public Task<FeedChunk> ReadAsync(FeedFilter filter, FeedPosition? after, int count, CancellationToken cancellationToken)
    {
        var key = new Key(filter, after, count);
        var read = reads.GetOrAdd(key, static (key, self) => new Lazy<Task<FeedChunk>>(() => self.ReadAsync(key)), this);
        return read.Value.WaitAsync(cancellationToken);
    }

    private async Task<FeedChunk> ReadAsync(Key key)
    {
        try
        {
            return await deadline.RunAsync(
                token => feed.ReadAsync(key.Filter, key.After, key.Count, descending: false, token), CancellationToken.None);
        }
        finally
        {
            reads.TryRemove(key, out _);
        }
    }

    private sealed record Key(FeedFilter Filter, FeedPosition? After, int Count);
}
