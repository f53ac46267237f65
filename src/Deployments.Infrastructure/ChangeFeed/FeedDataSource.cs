using Npgsql;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>The two connections of the feed, that send and hear notifications, whatever the number of waiters.</summary>
internal sealed class FeedDataSource(NpgsqlDataSource source) : IAsyncDisposable
{
    public NpgsqlDataSource Source => source;

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
