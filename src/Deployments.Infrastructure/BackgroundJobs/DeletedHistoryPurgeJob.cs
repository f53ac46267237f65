using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres;
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

    // One statement: whoever reads sees the events, or the floor. A long history goes in several, the deletion last.
    private const string Purge =
        """
        WITH due AS (
            SELECT project_id, deployment_id FROM deployment_events
            WHERE deleted AND time < @before
            ORDER BY time
            LIMIT @deployments
            FOR UPDATE SKIP LOCKED),
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
            while (await deadline.RunAsync(token => database.RunAsync(PurgeAsync, token), stoppingToken) > 0)
            {
                // There may be more.
            }
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogMissed(DatabaseFailure.Describe(exception));
        }
    }

    /// <returns>How many deployments had events to purge.</returns>
    private async Task<int> PurgeAsync(DatabaseExecutor.Attempt attempt)
    {
        await using var purge = await attempt.CreateCommandAsync(Purge);
        purge.Parameters.AddWithValue("before", clock.GetUtcNow().AddDays(-options.Value.KeepDeletedDays));
        purge.Parameters.AddWithValue("deployments", DeploymentsAtOnce);
        purge.Parameters.AddWithValue("events", EventsAtOnce);
        return (int)(await purge.ExecuteScalarAsync(attempt.Token))!;
    }

    [LoggerMessage(LogLevel.Warning, "The histories of deleted deployments could not be purged, trying again: {Reason}")]
    private partial void LogMissed(string reason);
}
