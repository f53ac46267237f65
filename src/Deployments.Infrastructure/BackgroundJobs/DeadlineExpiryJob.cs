using System.Data;
using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Sets deployments whose deadline has passed to FAILED, once a second. Any number of instances may do so at once: each skips rows that
/// another has locked. The query uses an index of the deadlines, so deployments that are not overdue cost nothing.
/// </summary>
internal sealed partial class DeadlineExpiryJob(
    MigrationJob migration,
    DatabaseExecutor database,
    ChangeSignal signal,
    RequestDeadline deadline,
    TimeProvider clock,
    ILogger<DeadlineExpiryJob> logger) : BackgroundService
{
    private const int MaxBatchSize = 1_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
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
        var (expired, isTruncated) = await deadline.RunAsync(
            token => database.RunAsync(attempt => ExpireAsync(attempt, now, requestId), token), cancellationToken);
        if (expired > 0)
        {
            DeploymentMetrics.Expired.Add(expired);
            LogExpired(expired, requestId);
        }

        return isTruncated || expired == MaxBatchSize;
    }

    private async Task<(int Expired, bool IsTruncated)> ExpireAsync(
        DatabaseExecutor.Attempt attempt, DateTimeOffset now, string requestId)
    {
        var (context, _, token) = attempt;
        await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, token);
        var overdue = await context.LockOverdueAsync(now, MaxBatchSize).TakeChunkAsync(RowSize.Of, token);
        if (overdue.Items.Count == 0)
        {
            return (0, false);
        }

        await using var update = new UpdateDeploymentsCommand();
        foreach (var deployment in overdue.Items)
        {
            var values = DeploymentValues.Of(deployment);
            deployment.Expire(now);
            update.Add(deployment, values, new Caller(deployment.ProjectId, Actors.Deadline, requestId));
        }

        await update.ExecuteAsync((NpgsqlConnection)context.Database.GetDbConnection(), token);
        await transaction.CommitAsync(token);
        signal.Changed(overdue.Items);
        return (overdue.Items.Count, overdue.IsTruncated);
    }

    [LoggerMessage(LogLevel.Information, "Deployments expired: {Count}, by {RequestId}.")]
    private partial void LogExpired(int count, string requestId);

    [LoggerMessage(LogLevel.Warning, "Overdue deployments could not be expired, trying again: {Reason}")]
    private partial void LogMissed(string reason);
}
