using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>Listens for the notifications of other instances, on a connection of its own.</summary>
internal sealed partial class ChangeListener(
    MigrationJob migration, FeedDataSource dataSource, FeedEpochs epochs, ChangeHub hub, TimeProvider clock, ILogger<ChangeListener> logger)
    : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        var delay = new RetryDelay(FirstRetry, LastRetry);
        string? logged = null; // each reason once
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await dataSource.Source.OpenConnectionAsync(stoppingToken);
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
                (delay, logged) = (new RetryDelay(FirstRetry, LastRetry), null);
                while (true)
                {
                    await connection.WaitAsync(stoppingToken);
                }
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                epochs.Reset(); // the next server may be another one
                var reason = DatabaseFailure.Describe(exception);
                if (reason != logged)
                {
                    LogDisconnected(reason);
                    logged = reason;
                }

                await Task.Delay(delay.Next(), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(
        LogLevel.Warning, "Notifications of other instances cannot be received; checking for changes once a second and reconnecting: {Reason}")]
    private partial void LogDisconnected(string reason);
}
