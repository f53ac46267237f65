using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Sets deployments whose deadline has passed to FAILED, once a second. Any number of instances may do so at once: each changes only those
/// that are still overdue when it has locked them. The query uses an index of the deadlines, so deployments that are not overdue cost nothing.
/// </summary>
internal sealed partial class DeadlineExpiryJob(
    MigrationJob migration,
    DatabaseExecutor database,
    IDeploymentCommands commands,
    RequestDeadline deadline,
    TimeProvider clock,
    ILogger<DeadlineExpiryJob> logger) : BackgroundService
{
    private const int MaxBatchSize = 250; // leaves room in the queue for the changes of callers

    // An earlier version may have changed the status and left the deadline. Those that another transaction has locked are left for the next
    // time: their locks, which end with this statement, are only taken to find that out.
    private const string FindOverdue =
        """
        SELECT project_id, id FROM software_deployments
        WHERE deadline <= @now AND status = 'IN_PROGRESS'
        ORDER BY deadline
        LIMIT @count
        FOR UPDATE SKIP LOCKED
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A deadline that expires changes no configuration.
    private static readonly ConfigReferences AnyConfig = new(RequireExisting: false);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DeploymentMetrics.LateSignals.Add(0); // reported from the start, and not from the first
        await migration.WaitUntilCurrentAsync(stoppingToken);
        await PeriodicJob.RunAsync(Interval, clock, ExpireAllOverdueAsync, stoppingToken);
    }

    private async Task ExpireAllOverdueAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await ExpireOverdueAsync(stoppingToken))
            {
                // There may be more.
            }
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogMissed(DatabaseFailure.Describe(exception));
        }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> ExpireOverdueAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var requestId = $"req-{Guid.NewGuid()}";
        var expired = 0;
        try
        {
            return await deadline.RunAsync(
                async token =>
                {
                    var overdue = await database.RunAsync(attempt => FindOverdueAsync(attempt, now), token);
                    await Task.WhenAll(overdue.Select(ExpireAsync));
                    return overdue.Count == MaxBatchSize;

                    async Task ExpireAsync((string ProjectId, Guid Id) one)
                    {
                        var isExpired = false;
                        var caller = new Caller(one.ProjectId, Actors.Deadline, requestId);
                        await commands.ChangeAsync(one.Id, deployment => isExpired = deployment.Expire(now), caller, AnyConfig, token);
                        Interlocked.Add(ref expired, isExpired ? 1 : 0);
                    }
                },
                cancellationToken);
        }
        finally
        {
            if (expired > 0)
            {
                DeploymentMetrics.Expired.Add(expired);
                LogExpired(expired, requestId);
            }
        }
    }

    private static async Task<IReadOnlyList<(string ProjectId, Guid Id)>> FindOverdueAsync(DatabaseExecutor.Attempt attempt, DateTimeOffset now)
    {
        await using var command = await attempt.CreateCommandAsync(FindOverdue);
        command.Parameters.AddWithValue("now", now);
        command.Parameters.AddWithValue("count", MaxBatchSize);
        await using var rows = await command.ExecuteReaderAsync(attempt.Token);
        var overdue = new List<(string, Guid)>();
        while (await rows.ReadAsync(attempt.Token))
        {
            overdue.Add((rows.GetString(0), rows.GetGuid(1)));
        }

        return overdue;
    }

    [LoggerMessage(LogLevel.Information, "Deployments expired: {Count}, by {RequestId}.")]
    private partial void LogExpired(int count, string requestId);

    [LoggerMessage(LogLevel.Warning, "Overdue deployments could not be expired, trying again: {Reason}")]
    private partial void LogMissed(string reason);
}
