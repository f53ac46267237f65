using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Probes one of the pool's idle connections once a second. A host that vanishes without a reset leaves connections that never respond;
/// without the probe each of them would cost a request its whole time. If the probe times out, all connections of the pool are replaced.
/// </summary>
internal sealed partial class ConnectionProbeJob(
    NpgsqlDataSource dataSource, Pooler pooler, TimeProvider clock, ILogger<ConnectionProbeJob> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Somewhat arbitrary: longer than a server under load needs for a SELECT 1, and shorter than a request may take.
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(2);

    // Behind a pooler a probe that waits says that its sessions are busy, and nothing of the host.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        pooler.SharesSessions ? Task.CompletedTask : PeriodicJob.RunAsync(Interval, clock, ProbeOrReplaceAsync, stoppingToken);

    private async Task ProbeOrReplaceAsync(CancellationToken stoppingToken)
    {
        try
        {
            await ProbeAsync(stoppingToken);
        }
        catch (Exception exception) when (exception.GetBaseException() is TimeoutException)
        {
            dataSource.Clear();
            LogCleared();
        }
        catch (Exception) when (!stoppingToken.IsCancellationRequested)
        {
            // The server responded, if only with an error, or the connection is broken, which the pool detects.
        }
    }

    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        if (connection is not null)
        {
            await using var command = new NpgsqlCommand("SELECT 1", connection) { CommandTimeout = (int)ResponseTimeout.TotalSeconds };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <returns>Null if the pool is exhausted, or the server refuses connections: neither says anything about idle connections.</returns>
    private async Task<NpgsqlConnection?> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await dataSource.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The database does not respond on an existing connection: all connections are replaced.")]
    private partial void LogCleared();
}
