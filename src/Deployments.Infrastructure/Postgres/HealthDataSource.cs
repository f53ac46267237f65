using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>The connection of the health check, apart from the pool: a busy instance whose pool is exhausted is still ready.</summary>
internal sealed class HealthDataSource(NpgsqlDataSource source) : IAsyncDisposable
{
    public NpgsqlDataSource Source { get; } = source;

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
