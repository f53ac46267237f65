using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Fails the deployments whose deadline has passed, looking once a second. Any number of instances may look at once: each takes what
/// no other holds. The look goes by an index of the deadlines alone, so what is not due costs nothing.
/// </summary>
internal sealed partial class DeadlineExpiryJob(DatabaseExecutor database, TimeProvider clock, ILogger<DeadlineExpiryJob> logger) : BackgroundService
{
    private const int MaxAtOnce = 1_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Ended by its disposal, it ends the loop without an exception, which the host would report as a failure when it stops before it has started.
        using var timer = new PeriodicTimer(Interval, clock);
        await using var end = stoppingToken.Register(timer.Dispose);
        while (await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            try
            {
                while (await ExpireOverdueAsync(stoppingToken) == MaxAtOnce)
                {
                    // There may be more.
                }
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogMissed(exception.Message);
            }
        }
    }

    private async Task<int> ExpireOverdueAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var requestId = $"req-{Guid.NewGuid()}";
        var failed = await database.RunAsync(
            attempt => attempt.Context.Database.ExecuteSqlAsync(
                $"""
                WITH due AS (
                    SELECT project_id, id FROM software_deployments
                    WHERE deadline <= {now} AND status = 'IN_PROGRESS' -- an earlier version may have changed it and left the deadline
                    ORDER BY deadline
                    LIMIT {MaxAtOnce}
                    FOR UPDATE SKIP LOCKED),
                failed AS (
                    UPDATE software_deployments AS deployment SET
                        status = 'FAILED',
                        status_reason = 'Timed out after ' || timeout || ' s',
                        timeout = NULL,
                        deadline = NULL,
                        updated_time = {now},
                        version = version + 1
                    FROM due
                    WHERE deployment.project_id = due.project_id AND deployment.id = due.id
                    RETURNING deployment.project_id, deployment.id, version, updated_time, action, status, status_reason)
                INSERT INTO deployment_events (
                    project_id, deployment_id, version, time, action, status, status_reason, actor, request_id)
                SELECT project_id, id, version, updated_time, action, status, status_reason, 'deadline', {requestId}
                FROM failed
                """,
                attempt.Token),
            cancellationToken);
        if (failed > 0)
        {
            DeploymentMetrics.Expired.Add(failed);
            LogFailed(failed, requestId);
        }

        return failed;
    }

    [LoggerMessage(LogLevel.Information, "{Count} deployments ran out of time: {RequestId}")]
    private partial void LogFailed(int count, string requestId);

    [LoggerMessage(LogLevel.Warning, "Deadlines could not be looked at, trying again: {Reason}")]
    private partial void LogMissed(string reason);
}
