using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.SoftwareDeployments;
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
    private const string Table = "software_deployments";
    private const int MaxBatchSize = 250; // leaves room in the queue for the changes of callers
    private const int ProjectsAtOnce = 8; // of which each takes a connection for a moment

    // An earlier version may have changed the status and left the deadline.
    private const string FindOverdue =
        $"""
        SELECT deadline, project_id, id FROM {Table}
        WHERE deadline <= @now AND status = 'IN_PROGRESS' AND (deadline, project_id, id) > (@deadline, @project_id, @id)
        ORDER BY deadline, project_id, id
        LIMIT @count
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A deadline that expires changes no configuration.
    private static readonly ConfigReferences AnyConfig = new(RequireExisting: false);

    private DateTimeOffset lastComplete = clock.GetUtcNow();
    private bool isComplete;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DeploymentMetrics.LateSignals.Add(0); // reported from the start, and not from the first
        await migration.WaitUntilCurrentAsync(stoppingToken);
        await PeriodicJob.RunAsync(Interval, clock, ExpireAllOverdueAsync, stoppingToken);
    }

    private async Task ExpireAllOverdueAsync(CancellationToken stoppingToken)
    {
        var started = clock.GetUtcNow();
        isComplete = true;
        try
        {
            for (Overdue? after = Overdue.Start; after is not null;)
            {
                after = await ExpireOverdueAsync(after, stoppingToken);
            }
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            Miss(exception);
        }

        lastComplete = isComplete ? started : lastComplete;
        DeploymentMetrics.ExpiryBehind.Record((clock.GetUtcNow() - lastComplete).TotalSeconds);
    }

    private void Miss(Exception exception)
    {
        isComplete = false;
        LogMissed(DatabaseFailure.Describe(exception));
    }

    /// <returns>The last one that was examined; null if there are no more.</returns>
    private async Task<Overdue?> ExpireOverdueAsync(Overdue after, CancellationToken stoppingToken)
    {
        var now = clock.GetUtcNow();
        var requestId = $"req-{Guid.NewGuid()}";
        var expired = 0;
        try
        {
            var overdue = await deadline.RunAsync(token => database.RunAsync(attempt => FindOverdueAsync(attempt, now, after), token), stoppingToken);
            await Parallel.ForEachAsync(
                overdue.GroupBy(one => one.ProjectId, one => one.Id),
                new ParallelOptions { MaxDegreeOfParallelism = ProjectsAtOnce, CancellationToken = stoppingToken },
                async (ofProject, _) => await ExpireAsync(ofProject.Key, [.. ofProject]));
            return overdue.Count == MaxBatchSize ? overdue[^1] : null;
        }
        finally
        {
            if (expired > 0)
            {
                DeploymentMetrics.Expired.Add(expired);
                LogExpired(expired, requestId);
            }
        }

        // A project whose rows cannot be changed now delays no other.
        async Task ExpireAsync(string projectId, Guid[] ids)
        {
            try
            {
                var changed = await deadline.RunAsync(
                    async token =>
                    {
                        // What another transaction has locked is left for the next time, and delays no others. The locks end with this
                        // statement: they are only taken to find that out.
                        var unlocked = await database.RunAsync(attempt => attempt.LockUnlockedAsync(Table, projectId, ids), token);
                        await Task.WhenAll(unlocked.Select(id => ExpireOneAsync(projectId, id, token)));
                        return unlocked.Length;
                    },
                    stoppingToken);
                if (changed < ids.Length)
                {
                    isComplete = false;
                }
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Miss(exception);
            }
        }

        async Task ExpireOneAsync(string projectId, Guid id, CancellationToken token)
        {
            var isExpired = false;
            var caller = new Caller(projectId, Actors.Deadline, requestId);
            await commands.ChangeAsync(id, deployment => isExpired = deployment.Expire(now), caller, AnyConfig, token);
            Interlocked.Add(ref expired, isExpired ? 1 : 0);
        }
    }

    private static async Task<IReadOnlyList<Overdue>> FindOverdueAsync(DatabaseExecutor.Attempt attempt, DateTimeOffset now, Overdue after)
    {
        await using var command = await attempt.CreateCommandAsync(FindOverdue);
        command.Parameters.AddWithValue("now", now);
        command.Parameters.AddWithValue("deadline", after.Deadline);
        command.Parameters.AddWithValue("project_id", after.ProjectId);
        command.Parameters.AddWithValue("id", after.Id);
        command.Parameters.AddWithValue("count", MaxBatchSize);
        await using var rows = await command.ExecuteReaderAsync(attempt.Token);
        var overdue = new List<Overdue>();
        while (await rows.ReadAsync(attempt.Token))
        {
            overdue.Add(new Overdue(rows.GetDateTime(0), rows.GetString(1), rows.GetGuid(2)));
        }

        return overdue;
    }

    [LoggerMessage(LogLevel.Information, "Deployments expired: {Count}, by {RequestId}.")]
    private partial void LogExpired(int count, string requestId);

    [LoggerMessage(LogLevel.Warning, "Overdue deployments could not be expired, trying again: {Reason}")]
    private partial void LogMissed(string reason);

    /// <summary>A deployment whose deadline has passed.</summary>
    private sealed record Overdue(DateTime Deadline, string ProjectId, Guid Id)
    {
        /// <summary>What lies before all of them.</summary>
        public static readonly Overdue Start = new(DateTime.UnixEpoch, string.Empty, Guid.Empty);
    }
}
