using Deployments.Infrastructure.BackgroundJobs;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>Listens for the notifications of other instances, on a connection of its own.</summary>
internal sealed partial class ChangeListener(
    MigrationJob migration,
    FeedDataSource dataSource,
    Pooler pooler,
    FeedEpochs epochs,
    ChangeHub hub,
    TimeProvider clock,
    ILogger<ChangeListener> logger)
    : BackgroundService
{
    private static readonly TimeSpan EpochInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        if (!dataSource.IsUsed)
        {
            LogNotUsed();
        }

        await Task.WhenAll(
            pooler.SharesSessions ? PeriodicJob.RunAsync(EpochInterval, clock, VerifyEpochAgainAsync, stoppingToken) : Task.CompletedTask,
            dataSource.IsUsed ? dataSource.RunAsync(connection => ListenAsync(connection, stoppingToken), LogDisconnected, stoppingToken) : Task.CompletedTask);
    }

    // A pooler's clients keep their connections when its server is replaced by another one, and the listener may be connected to the former.
    private Task VerifyEpochAgainAsync(CancellationToken stoppingToken)
    {
        epochs.VerifyAgain();
        return Task.CompletedTask;
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

    [LoggerMessage(
        LogLevel.Information,
        "Instances do not notify each other of changes, and check for them once a second: behind a pooler in transaction mode ConnectionStrings:Listen is needed for that.")]
    private partial void LogNotUsed();
}
