using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres;
using Npgsql;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>The two connections of the feed, that send and hear notifications, whatever the number of waiters.</summary>
/// <param name="source">Null where notifications would not be heard.</param>
/// <param name="clock">The clock of the retries.</param>
internal sealed class FeedDataSource(NpgsqlDataSource? source, TimeProvider clock) : IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(1);

    /// <summary>Whether instances notify each other.</summary>
    public bool IsUsed => source is not null;

    /// <summary>Runs work over a connection, and over another one whenever that fails, until the work returns or the service stops.</summary>
    /// <param name="work">The work.</param>
    /// <param name="logFailure">Logs the reason of a failure; the same reason is logged once.</param>
    /// <param name="stoppingToken">The service stops.</param>
    public async Task RunAsync(Func<NpgsqlConnection, Task> work, Action<string> logFailure, CancellationToken stoppingToken)
    {
        var delay = new RetryDelay(FirstRetry, LastRetry);
        string? logged = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var started = clock.GetTimestamp();
            try
            {
                await using var connection = await source!.OpenConnectionAsync(stoppingToken);
                await work(connection);
                return;
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                if (clock.GetElapsedTime(started) > LastRetry)
                {
                    (delay, logged) = (new RetryDelay(FirstRetry, LastRetry), null); // it had worked
                }

                var reason = DatabaseFailure.Describe(exception);
                if (reason != logged)
                {
                    logFailure(reason);
                    logged = reason;
                }

                await Task.Delay(delay.Next(), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public ValueTask DisposeAsync() => source?.DisposeAsync() ?? default;
}
