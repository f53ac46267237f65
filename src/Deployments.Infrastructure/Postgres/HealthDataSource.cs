using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>The one connection over which readiness is asked: a busy instance, whose pool is used up, is still ready.</summary>
internal sealed class HealthDataSource(NpgsqlDataSource source) : IAsyncDisposable
{
    public NpgsqlDataSource Source { get; } = source;

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
