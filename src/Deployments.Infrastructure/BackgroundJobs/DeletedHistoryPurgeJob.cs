using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Retention;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Purges the events of deployments that were deleted some days ago, and remembers the newest of them as the floor of the projects that could
/// read them: a cursor that lies before it can no longer be continued from. Any number of instances may do so at once.
/// </summary>
internal sealed partial class DeletedHistoryPurgeJob(
    MigrationJob migration,
    DatabaseExecutor database,
    RequestDeadline deadline,
    IOptions<ChangeFeedOptions> options,
    TimeProvider clock,
    ILogger<DeletedHistoryPurgeJob> logger) : BackgroundService
{
    private const int DeploymentsAtOnce = 100;
    private const int EventsAtOnce = 100; // of each
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private const string FindDue =
        """
        SELECT time, project_id, deployment_id, version FROM deployment_events
        WHERE deleted AND time < @before AND (time, project_id, deployment_id) > (@time, @project_id, @deployment_id)
        ORDER BY time, project_id, deployment_id
        LIMIT @deployments
        """;

    // One statement: whoever reads sees the events, or the floor. A long history goes in several, the deletion last.
    private const string Purge =
        """
        WITH due AS (
            SELECT deletion.project_id, deletion.deployment_id
            FROM unnest(@deployments, @versions) AS deployment (id, version)
            CROSS JOIN LATERAL (
                SELECT project_id, deployment_id FROM deployment_events
                WHERE project_id = @project_id AND deployment_id = deployment.id AND version = deployment.version
                LIMIT 1
                FOR UPDATE SKIP LOCKED) AS deletion),
        oldest AS (
            SELECT entry.* FROM due CROSS JOIN LATERAL (
                SELECT project_id, deployment_id, version FROM deployment_events
                WHERE project_id = due.project_id AND deployment_id = due.deployment_id
                ORDER BY version
                LIMIT @events) AS entry),
        purged AS (
            DELETE FROM deployment_events AS entry USING oldest
            WHERE entry.project_id = oldest.project_id AND entry.deployment_id = oldest.deployment_id AND entry.version = oldest.version
            RETURNING entry.project_id, entry.stack_user_project_id, entry.xact, entry.deployment_id, entry.version),
        readers AS (
            SELECT project_id, xact, deployment_id, version FROM purged
            UNION ALL
            SELECT stack_user_project_id, xact, deployment_id, version FROM purged WHERE stack_user_project_id IS NOT NULL),
        raised AS (
            INSERT INTO change_feed_floors AS floor (project_id, xact, deployment_id, version)
            SELECT DISTINCT ON (project_id) project_id, xact, deployment_id, version FROM readers
            ORDER BY project_id, xact DESC, deployment_id DESC, version DESC
            ON CONFLICT (project_id) DO UPDATE
            SET xact = EXCLUDED.xact, deployment_id = EXCLUDED.deployment_id, version = EXCLUDED.version
            WHERE (EXCLUDED.xact, EXCLUDED.deployment_id, EXCLUDED.version) > (floor.xact, floor.deployment_id, floor.version))
        SELECT count(*)::integer FROM due
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        await PeriodicJob.RunAsync(Interval, clock, PurgeAllAsync, stoppingToken);
    }

    private async Task PurgeAllAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Again from the beginning, for long histories; what others have locked is left for the next time.
            for (var isPurged = true; isPurged;)
            {
                isPurged = false;
                for (Due? after = Due.Start; after is not null;)
                {
                    var page = await PurgeDueAsync(after, stoppingToken);
                    isPurged |= page.Purged > 0;
                    after = page.Last;
                }
            }
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogMissed(DatabaseFailure.Describe(exception));
        }
    }

    /// <returns>The last one that was looked at, or null if there are no more; and of how many deployments events were purged.</returns>
    private async Task<(Due? Last, int Purged)> PurgeDueAsync(Due after, CancellationToken stoppingToken)
    {
        var due = await RunAsync(attempt => FindDueAsync(attempt, after));
        var purged = 0;
        foreach (var ofProject in due.GroupBy(one => one.ProjectId))
        {
            var started = clock.GetTimestamp();
            try
            {
                purged += await RunAsync(attempt => PurgeAsync(attempt, ofProject.Key, [.. ofProject]));
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogMissed(DatabaseFailure.Describe(exception)); // a project whose events cannot be purged now delays no other
            }

            // After retention there are as many as it has deleted.
            await Task.Delay(RetentionPace.IdleTimeAfter(clock.GetElapsedTime(started)), clock, stoppingToken);
        }

        return (due.Count == DeploymentsAtOnce ? due[^1] : null, purged);

        Task<T> RunAsync<T>(Func<DatabaseExecutor.Attempt, Task<T>> work) =>
            deadline.RunAsync(token => database.RunAsync(work, token), stoppingToken);
    }

    private async Task<IReadOnlyList<Due>> FindDueAsync(DatabaseExecutor.Attempt attempt, Due after)
    {
        await using var find = await attempt.CreateCommandAsync(FindDue);
        find.Parameters.AddWithValue("before", clock.GetUtcNow().AddDays(-options.Value.KeepDeletedDays));
        find.Parameters.AddWithValue("time", after.Time);
        find.Parameters.AddWithValue("project_id", after.ProjectId);
        find.Parameters.AddWithValue("deployment_id", after.DeploymentId);
        find.Parameters.AddWithValue("deployments", DeploymentsAtOnce);
        await using var rows = await find.ExecuteReaderAsync(attempt.Token);
        var due = new List<Due>();
        while (await rows.ReadAsync(attempt.Token))
        {
            due.Add(new Due(rows.GetDateTime(0), rows.GetString(1), rows.GetGuid(2), rows.GetInt32(3)));
        }

        return due;
    }

    /// <returns>How many of the deployments had events to purge.</returns>
    private static async Task<int> PurgeAsync(DatabaseExecutor.Attempt attempt, string projectId, Due[] due)
    {
        await using var purge = await attempt.CreateCommandAsync(Purge);
        purge.Parameters.AddWithValue("project_id", projectId);
        purge.Parameters.AddWithValue("deployments", Array.ConvertAll(due, one => one.DeploymentId));
        purge.Parameters.AddWithValue("versions", Array.ConvertAll(due, one => one.Version));
        purge.Parameters.AddWithValue("events", EventsAtOnce);
        return (int)(await purge.ExecuteScalarAsync(attempt.Token))!;
    }

    [LoggerMessage(LogLevel.Warning, "The histories of deleted deployments could not be purged, trying again: {Reason}")]
    private partial void LogMissed(string reason);

    /// <summary>The event of a deletion, whose history is to be purged.</summary>
    private sealed record Due(DateTime Time, string ProjectId, Guid DeploymentId, int Version)
    {
        /// <summary>What lies before all of them.</summary>
        public static readonly Due Start = new(DateTime.UnixEpoch, string.Empty, Guid.Empty, 0);
    }
}
