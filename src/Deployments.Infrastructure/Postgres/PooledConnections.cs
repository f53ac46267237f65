using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// Drops the pooled connections when they lead nowhere. A statement without a response may mean a slow server or a network that swallows
/// what is sent; only where no other statement had a response meanwhile are all connections suspect, and exchanged for new ones.
/// </summary>
internal sealed class PooledConnections(NpgsqlDataSource dataSource, TimeProvider clock)
{
    private long lastResponse;

    /// <summary>The moment by which a statement that is about to be sent is judged later.</summary>
    public long Now => clock.GetTimestamp();

    /// <summary>The server has responded to a statement, if only with an error.</summary>
    public void Responded() => Volatile.Write(ref lastResponse, clock.GetTimestamp());

    /// <summary>A statement that was sent at that moment has had no response.</summary>
    public void NoResponseSince(long sent)
    {
        if (Volatile.Read(ref lastResponse) <= sent)
        {
            dataSource.Clear();
        }
    }

    /// <summary>Every connection leads to a server that takes no writes.</summary>
    public void LeadToReadOnlyServer() => dataSource.Clear();
}
