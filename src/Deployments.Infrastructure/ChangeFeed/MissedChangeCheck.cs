using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// Finds, once a second and in one statement for all that wait, what has changed without a signal: the writing instance may have died between
/// its commit and its notification. While nobody has written anything, only what waits since the last check is looked at.
/// </summary>
internal sealed partial class MissedChangeCheck(
    MigrationJob migration,
    ChangeHub hub,
    DatabaseExecutor database,
    RequestDeadline deadline,
    TimeProvider clock,
    ILogger<MissedChangeCheck> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private string? lastSnapshot;
    private string? lastHorizon;
    private long horizonSince;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        FeedMetrics.LostSignals.Add(0); // it is reported from the start, and not from the first loss
        await migration.WaitUntilCurrentAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await CheckAsync(stoppingToken);
                await hub.CheckDue.WaitAsync(Interval, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogNotChecked(DatabaseFailure.Describe(exception));
                await Task.Delay(Interval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task CheckAsync(CancellationToken stoppingToken)
    {
        hub.CountLostSignals();
        var snapshot = await RunAsync(FindSnapshotAsync, stoppingToken);
        MeasureLag(snapshot);
        var waiting = hub.ListUnchecked(isUnchanged: snapshot == lastSnapshot);
        if (waiting.Feeds.Count > 0 || waiting.Deployments.Count > 0 || waiting.Agents.Count > 0)
        {
            var feeds = await RunAsync(attempt => FindChangedFeedsAsync(attempt, waiting.Feeds), stoppingToken);
            var deployments = await RunAsync(attempt => FindChangedDeploymentsAsync(attempt, waiting.Deployments), stoppingToken);
            var agents = waiting.Agents.Count == 0 ? [] : await RunAsync(attempt => FindRevokedAgentsAsync(attempt, waiting.Agents), stoppingToken);
            hub.EndCheck(waiting, feeds, deployments, agents);
        }

        lastSnapshot = snapshot;
    }

    /// <summary>Measures how long the horizon has stood still: so long the oldest of the open transactions delays the feed.</summary>
    private void MeasureLag(string snapshot)
    {
        var horizon = snapshot[..snapshot.IndexOf(':', StringComparison.Ordinal)];
        var isDelayed = snapshot != $"{horizon}:{horizon}:";
        if (horizon != lastHorizon || !isDelayed)
        {
            (lastHorizon, horizonSince) = (horizon, clock.GetTimestamp());
        }

        FeedMetrics.Lag.Record(clock.GetElapsedTime(horizonSince).TotalSeconds);
    }

    private Task<T> RunAsync<T>(Func<DatabaseExecutor.Attempt, Task<T>> ask, CancellationToken stoppingToken) =>
        deadline.RunAsync(token => database.RunAsync(ask, token), stoppingToken);

    private static async Task<string> FindSnapshotAsync(DatabaseExecutor.Attempt attempt)
    {
        await using var ask = await attempt.CreateCommandAsync("SELECT pg_current_snapshot()::text");
        return (string)(await ask.ExecuteScalarAsync(attempt.Token))!;
    }

    private static async Task<IReadOnlyList<ProjectFeed>> FindChangedFeedsAsync(
        DatabaseExecutor.Attempt attempt, List<(ProjectFeed Feed, FeedPosition Position)> feeds)
    {
        // The first event in order, not whether there is one: that the planner answers by reading the table until it finds one, and usually there
        // is none.
        await using var ask = await attempt.CreateCommandAsync(
            """
            SELECT watched.index
            FROM unnest(@projects, @xacts, @deployments, @versions) WITH ORDINALITY AS watched (project_id, xact, deployment_id, version, index)
            WHERE (
                SELECT entry.version FROM deployment_events AS entry
                WHERE entry.project_id = watched.project_id
                    AND (entry.xact, entry.deployment_id, entry.version) > (watched.xact, watched.deployment_id, watched.version)
                ORDER BY entry.xact, entry.deployment_id, entry.version
                LIMIT 1) IS NOT NULL
            OR EXISTS (
                SELECT FROM project_shares AS share
                CROSS JOIN LATERAL (
                    SELECT entry.version FROM deployment_events AS entry
                    WHERE entry.project_id = share.owner_project_id AND entry.stack_user_project_id = share.project_id
                        AND (entry.xact, entry.deployment_id, entry.version) > (watched.xact, watched.deployment_id, watched.version)
                    ORDER BY entry.xact, entry.deployment_id, entry.version
                    LIMIT 1) AS entry
                WHERE share.project_id = watched.project_id)
            """);
        ask.Parameters.AddWithValue("projects", feeds.ConvertAll(one => one.Feed.ProjectId));
        ask.Parameters.Add(new NpgsqlParameter("xacts", NpgsqlDbType.Array | NpgsqlDbType.Xid8)
        {
            Value = feeds.ConvertAll(one => one.Position.Transaction),
        });
        ask.Parameters.AddWithValue("deployments", feeds.ConvertAll(one => one.Position.DeploymentId));
        ask.Parameters.AddWithValue("versions", feeds.ConvertAll(one => one.Position.Version));
        return [.. (await ReadIndexesAsync(ask, attempt.Token)).Select(index => feeds[index].Feed)];
    }

    private static async Task<IReadOnlyList<DeploymentWatch>> FindChangedDeploymentsAsync(
        DatabaseExecutor.Attempt attempt, List<(DeploymentWatch Watch, int Version)> deployments)
    {
        await using var ask = await attempt.CreateCommandAsync(
            """
            SELECT watched.index
            FROM unnest(@projects, @ids, @versions) WITH ORDINALITY AS watched (project_id, id, version, index)
            LEFT JOIN software_deployments AS deployment ON deployment.project_id = watched.project_id AND deployment.id = watched.id
            WHERE deployment.version IS DISTINCT FROM watched.version
            """);
        ask.Parameters.AddWithValue("projects", deployments.ConvertAll(one => one.Watch.OwnerProjectId));
        ask.Parameters.AddWithValue("ids", deployments.ConvertAll(one => one.Watch.Id));
        ask.Parameters.AddWithValue("versions", deployments.ConvertAll(one => one.Version));
        return [.. (await ReadIndexesAsync(ask, attempt.Token)).Select(index => deployments[index].Watch)];
    }

    private static async Task<IReadOnlyList<FeedWatch>> FindRevokedAgentsAsync(DatabaseExecutor.Attempt attempt, List<FeedWatch> watches)
    {
        await using var ask = await attempt.CreateCommandAsync(
            """
            SELECT watched.index
            FROM unnest(@projects, @ids) WITH ORDINALITY AS watched (project_id, id, index)
            WHERE NOT EXISTS (SELECT FROM agents AS agent WHERE agent.project_id = watched.project_id AND agent.id = watched.id)
            """);
        ask.Parameters.AddWithValue("projects", watches.ConvertAll(watch => watch.Feed.ProjectId));
        ask.Parameters.AddWithValue("ids", watches.ConvertAll(watch => watch.Agent!.Id));
        return [.. (await ReadIndexesAsync(ask, attempt.Token)).Select(index => watches[index])];
    }

    private static async Task<IReadOnlyList<int>> ReadIndexesAsync(NpgsqlCommand ask, CancellationToken cancellationToken)
    {
        var indexes = new List<int>();
        await using var rows = await ask.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            indexes.Add((int)rows.GetInt64(0) - 1);
        }

        return indexes;
    }

    [LoggerMessage(LogLevel.Warning, "Missed changes could not be checked for, trying again: {Reason}")]
    private partial void LogNotChecked(string reason);
}
