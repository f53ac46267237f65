using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Completes the events that version 1.0 of the service has written, before the upgrade or beside this instance: their server, configuration
/// and sharing are those of the deployment. Any number of instances may do so at once, in small slices. Where there are none it costs a
/// look at an empty index.
/// </summary>
internal sealed partial class EventCompletionJob(
    MigrationJob migration, DatabaseExecutor database, RequestDeadline deadline, TimeProvider clock, ILogger<EventCompletionJob> logger)
    : BackgroundService
{
    private const int EventsAtOnce = 1_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20); // for the writers
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private const string Complete =
        """
        WITH slice AS (
            SELECT project_id, xact, deployment_id, version FROM deployment_events
            WHERE deleted IS NULL AND (project_id, xact, deployment_id, version) > (@project_id, @xact, @deployment_id, @version)
            ORDER BY project_id, xact, deployment_id, version
            LIMIT @count
            FOR UPDATE SKIP LOCKED),
        completion AS (
            SELECT slice.project_id, slice.deployment_id, slice.version, deployment.server_id, deployment.config_id,
                NULLIF(deployment.stack_user_project_id, deployment.project_id) AS stack_user_project_id
            FROM slice
            LEFT JOIN software_deployments AS deployment
                ON deployment.project_id = slice.project_id AND deployment.id = slice.deployment_id),
        shared AS (
            INSERT INTO project_shares (project_id, owner_project_id)
            SELECT stack_user_project_id, project_id FROM (SELECT DISTINCT stack_user_project_id, project_id FROM completion) AS pair WHERE stack_user_project_id IS NOT NULL
            ORDER BY stack_user_project_id COLLATE "C", project_id COLLATE "C"
            ON CONFLICT DO NOTHING),
        completed AS (
            UPDATE deployment_events AS entry SET
                deleted = false,
                server_id = COALESCE(completion.server_id, ''),
                config_id = COALESCE(completion.config_id, ''),
                stack_user_project_id = completion.stack_user_project_id
            FROM completion
            WHERE entry.project_id = completion.project_id AND entry.deployment_id = completion.deployment_id AND entry.version = completion.version)
        SELECT (count(*) OVER ())::integer, project_id, xact, deployment_id, version
        FROM slice
        ORDER BY project_id DESC, xact DESC, deployment_id DESC, version DESC
        LIMIT 1
        """;

    private static readonly (string ProjectId, FeedPosition Position) Start = (string.Empty, FeedPosition.Start);

    // From the end of the last slice: until a vacuum, the index still has the entries of the events that were completed.
    private (string ProjectId, FeedPosition Position) last = Start;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        await PeriodicJob.RunAsync(Interval, clock, CompleteAllAsync, stoppingToken);
    }

    private async Task CompleteAllAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await deadline.RunAsync(token => database.RunAsync(CompleteAsync, token), stoppingToken) == EventsAtOnce)
            {
                await Task.Delay(Pause, clock, stoppingToken);
            }

            last = Start;
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogMissed(DatabaseFailure.Describe(exception));
        }
    }

    /// <returns>How many events were completed.</returns>
    private async Task<int> CompleteAsync(DatabaseExecutor.Attempt attempt)
    {
        await using var complete = await attempt.CreateCommandAsync(Complete);
        complete.Parameters.AddWithValue("count", EventsAtOnce);
        complete.Parameters.AddWithValue("project_id", last.ProjectId);
        complete.Parameters.Add(new NpgsqlParameter("xact", NpgsqlDbType.Xid8) { Value = last.Position.Transaction });
        complete.Parameters.AddWithValue("deployment_id", last.Position.DeploymentId);
        complete.Parameters.AddWithValue("version", last.Position.Version);
        await using var rows = await complete.ExecuteReaderAsync(attempt.Token);
        if (!await rows.ReadAsync(attempt.Token))
        {
            return 0;
        }

        last = (rows.GetString(1), new FeedPosition(rows.GetFieldValue<ulong>(2), rows.GetGuid(3), rows.GetInt32(4)));
        return rows.GetInt32(0);
    }

    [LoggerMessage(LogLevel.Warning, "Events of version 1.0 could not be completed, trying again: {Reason}")]
    private partial void LogMissed(string reason);
}
