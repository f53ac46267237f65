using System.Threading.Channels;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>Reads the feeds that are pending, each once for all requests that wait for it.</summary>
/// <remarks>
/// A signal says that something is committed, not that it is below the horizon: a feed stays pending, and is read again whenever the horizon has
/// moved, until it has passed every transaction that had begun when the feed was first read.
/// </remarks>
internal sealed partial class PendingFeedReader(
    MigrationJob migration,
    ChangeHub hub,
    ChangeFeedReader reader,
    DatabaseExecutor database,
    RequestDeadline deadline,
    ILogger<PendingFeedReader> logger) : BackgroundService
{
    private const int EventsAtOnce = 500;
    private const int ReadersAtOnce = 4;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(200);

    private readonly Channel<ProjectFeed> readable = Channel.CreateUnbounded<ProjectFeed>();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        await Task.WhenAll([QueueReadableAsync(stoppingToken), .. Enumerable.Range(0, ReadersAtOnce).Select(_ => ReadQueuedAsync(stoppingToken))]);
    }

    private async Task QueueReadableAsync(CancellationToken stoppingToken)
    {
        var delay = FirstRetry;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var isSignalled = await hub.FeedPending.WaitAsync(hub.HasPending ? delay : Timeout.InfiniteTimeSpan, stoppingToken);
                delay = isSignalled ? FirstRetry : delay * 2 < LastRetry ? delay * 2 : LastRetry;
                if (!hub.HasPending)
                {
                    continue;
                }

                // One look for all: while the horizon stands still, only what was signalled meanwhile is read.
                foreach (var feed in hub.TakeReadable(await FindHorizonAsync(stoppingToken)))
                {
                    readable.Writer.TryWrite(feed);
                }
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogNotRead(DatabaseFailure.Describe(exception));
                await Task.Delay(FailurePause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ReadQueuedAsync(CancellationToken stoppingToken)
    {
        await foreach (var feed in readable.Reader.ReadAllAsync(stoppingToken))
        {
            TimeSpan? retryAfter = null;
            try
            {
                await ReadAsync(feed, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotRead(DatabaseFailure.Describe(exception));
                retryAfter = FailurePause;
            }
            finally
            {
                hub.Release(feed, retryAfter);
            }
        }
    }

    private async Task ReadAsync(ProjectFeed feed, CancellationToken stoppingToken)
    {
        var filter = new FeedFilter(feed.ProjectId);
        for (var isEnd = false; !isEnd;)
        {
            var from = hub.BeginRead(feed);
            var chunk = await deadline.RunAsync(
                token => reader.ReadAsync(filter, from, EventsAtOnce, descending: false, token), stoppingToken);
            hub.Deliver(feed, from, chunk);
            isEnd = chunk.IsEnd;
        }
    }

    private Task<ulong> FindHorizonAsync(CancellationToken stoppingToken) => deadline.RunAsync(
        token => database.RunAsync(
            async attempt =>
            {
                await using var ask = await attempt.CreateCommandAsync("SELECT pg_snapshot_xmin(pg_current_snapshot())");
                return (ulong)(await ask.ExecuteScalarAsync(attempt.Token))!;
            },
            token),
        stoppingToken);

    [LoggerMessage(LogLevel.Warning, "The change feed could not be read for waiting requests, trying again: {Reason}")]
    private partial void LogNotRead(string reason);
}
