using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>Listens for the notifications of other instances, on a connection of its own.</summary>
internal sealed partial class ChangeListener(
    MigrationJob migration, FeedDataSource dataSource, FeedEpochs epochs, ChangeHub hub, ILogger<ChangeListener> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        await dataSource.RunAsync(connection => ListenAsync(connection, stoppingToken), LogDisconnected, stoppingToken);
    }

    private async Task ListenAsync(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        try
        {
            await epochs.VerifyAsync(stoppingToken);
            connection.Notification += (_, notification) =>
            {
                var (sender, topics) = ChangeTopics.Decode(notification.Payload);
                if (sender != hub.Instance)
                {
                    hub.Signal(topics);
                }
            };
            await using (var listen = new NpgsqlCommand($"LISTEN {ChangeSignal.Channel}", connection))
            {
                await listen.ExecuteNonQueryAsync(stoppingToken);
            }

            hub.CatchUp();
            while (true)
            {
                await connection.WaitAsync(stoppingToken);
            }
        }
        catch
        {
            epochs.Reset(); // the next server may be another one
            throw;
        }
    }

    [LoggerMessage(
        LogLevel.Warning, "Notifications of other instances cannot be received; checking for changes once a second and reconnecting: {Reason}")]
    private partial void LogDisconnected(string reason);
}
