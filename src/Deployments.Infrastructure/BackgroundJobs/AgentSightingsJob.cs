using Deployments.Application.Common;
using Deployments.Infrastructure.Agents;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Stores once a minute, and at the end, when agents were last seen, to the minute. What cannot be stored is dropped: the agents come
/// again. Instances that store the same agents at once skip each other's rows.
/// </summary>
internal sealed partial class AgentSightingsJob(
    MigrationJob migration,
    AgentSightings sightings,
    DatabaseExecutor database,
    RequestDeadline deadline,
    TimeProvider clock,
    ILogger<AgentSightingsJob> logger) : BackgroundService
{
    private const int MaxBatchSize = 1_000;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        await PeriodicJob.RunAsync(Interval, clock, _ => StoreAllAsync(), stoppingToken);
        await StoreAllAsync(); // what is left: the server has stopped before
    }

    // Not cancelled at the end of the service: what was taken would be lost.
    private async Task StoreAllAsync()
    {
        try
        {
            foreach (var batch in sightings.Take().Chunk(MaxBatchSize))
            {
                await deadline.RunAsync(token => database.RunAsync(attempt => StoreAsync(attempt, batch), token), CancellationToken.None);
            }
        }
        catch (Exception exception)
        {
            LogNotStored(DatabaseFailure.Describe(exception));
        }
    }

    private static async Task<int> StoreAsync(
        DatabaseExecutor.Attempt attempt, KeyValuePair<(string ProjectId, Guid Id), DateTimeOffset>[] batch)
    {
        await using var update = await attempt.CreateCommandAsync(
            """
            UPDATE agents AS agent SET last_seen = seen.time
            FROM (
                SELECT agent.project_id, agent.id, seen.time
                FROM unnest(@projects, @ids, @times) AS seen (project_id, id, time)
                JOIN agents AS agent ON agent.project_id = seen.project_id AND agent.id = seen.id
                WHERE agent.last_seen IS NULL OR agent.last_seen < seen.time
                FOR UPDATE OF agent SKIP LOCKED
            ) AS seen
            WHERE agent.project_id = seen.project_id AND agent.id = seen.id
            """);
        update.Parameters.AddWithValue("projects", Array.ConvertAll(batch, one => one.Key.ProjectId));
        update.Parameters.AddWithValue("ids", Array.ConvertAll(batch, one => one.Key.Id));
        update.Parameters.AddWithValue("times", Array.ConvertAll(batch, one => MinuteOf(one.Value)));
        return await update.ExecuteNonQueryAsync(attempt.Token);
    }

    private static DateTime MinuteOf(DateTimeOffset time) => time.UtcDateTime.AddTicks(-(time.UtcTicks % TimeSpan.TicksPerMinute));

    [LoggerMessage(LogLevel.Warning, "When agents were last seen could not be stored: {Reason}")]
    private partial void LogNotStored(string reason);
}
