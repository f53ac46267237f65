using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Batching;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// Group commit: deployments that wait together are inserted by one statement, and so by one commit. A single loop takes a group, writes
/// it, and reports the result to each caller. There is no batching delay: a lone deployment is written at once.
/// </summary>
/// <remarks>
/// A row that PostgreSQL rejects must not fail its neighbours: its group is halved until the row is alone. After any other failure,
/// expected or not, the outcome is unknown: the same ids are sent again until their callers give up.
/// </remarks>
internal sealed partial class GroupCommitWriter : BackgroundService
{
    private const int MaxGroupLength = 8 * 1024 * 1024;
    private static readonly TimeSpan InitialRetryDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly BatchQueue<PendingInsert> queue = new();
    private readonly AdaptiveBatchSize batchSize = new(minSize: 64, initialSize: 256, maxSize: 1_000);
    private readonly QueueAdmission admission;
    private readonly NpgsqlDataSource dataSource;
    private readonly ChangeSignal signal;
    private readonly TimeBudgets budgets;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private InsertDeploymentsCommand? command;
    private bool failedBeforeSending;

    public GroupCommitWriter(
        NpgsqlDataSource dataSource,
        ChangeSignal signal,
        IOptions<TimeBudgets> budgets,
        TimeProvider clock,
        ILogger<GroupCommitWriter> logger)
    {
        admission = new QueueAdmission(batchSize, clock);
        this.dataSource = dataSource;
        this.signal = signal;
        this.budgets = budgets.Value;
        this.clock = clock;
        this.logger = logger;
    }

    /// <summary>Stores a deployment and its first event. Returns when they are durable.</summary>
    /// <returns>False when it existed already, by its id or its idempotency key.</returns>
    /// <exception cref="UnavailableException">Too many are waiting, or this one has waited too long.</exception>
    public async Task<bool> AddAsync(SoftwareDeployment deployment, Caller caller, CancellationToken cancellationToken)
    {
        if (!admission.TryAdmit(queue.LoadFor(deployment.ProjectId)))
        {
            throw new UnavailableException();
        }

        var entry = new PendingInsert(new DeploymentRow(deployment, caller), clock.GetTimestamp());
        if (!queue.TryAdd(deployment.ProjectId, entry, entry.Row.Length))
        {
            throw new UnavailableException(); // the service is stopping
        }

        try
        {
            return await entry.Inserted.WaitAsync(cancellationToken);
        }
        finally
        {
            entry.Abandon();
        }
    }

    /// <summary>Writes the waiting deployments, and stops.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Complete();
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(cancellationToken);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var group = new List<PendingInsert>();
        while (await queue.WaitToTakeAsync())
        {
            group.Clear();
            queue.TakeGroup(group, batchSize.MaxGroupSize, MaxGroupLength, IsDropped);
            admission.GroupTaken(group.Count);

            var started = clock.GetTimestamp();
            group.Sort(PendingInsert.CompareByIdempotencyKey);
            if (await StoreAsync(group))
            {
                admission.RestartInterval(); // the queue was busy because of an outage, not because of overload
                batchSize.OutcomeUnknown();
            }
            else
            {
                batchSize.GroupCompleted(group.Count, clock.GetElapsedTime(started));
            }
        }

        await DisposeAsync(command);
    }

    private bool IsDropped(PendingInsert entry)
    {
        if (admission.TryShed(entry.EnqueuedAt))
        {
            entry.Fail(new UnavailableException());
            return true;
        }

        return entry.IsAbandoned;
    }

    /// <returns>Whether the database could not be used, or the outcome was unknown, for a while.</returns>
    private async Task<bool> StoreAsync(List<PendingInsert> group)
    {
        var wasInterrupted = false;
        var delay = new RetryDelay(InitialRetryDelay, MaxRetryDelay);
        while (true)
        {
            group.RemoveAll(entry => entry.IsAbandoned);
            if (group.Count == 0)
            {
                return wasInterrupted;
            }

            try
            {
                var existing = await SendAsync(group);
                DeploymentMetrics.GroupSize.Record(group.Count);
                signal.Created(group.Select(entry => entry.Row.Deployment));
                group.ForEach(entry => entry.Succeed(!existing.Contains(entry.Row.Deployment.Id)));
                return wasInterrupted;
            }
            catch (PostgresException failure) when (PostgresErrors.Classify(failure) != PostgresFailure.Transient)
            {
                if (PostgresErrors.Classify(failure) == PostgresFailure.Defect || group.Count == 1)
                {
                    group.ForEach(entry => entry.Fail(PostgresErrors.IsWrongEncoding(failure) ? new UnavailableException(failure) : failure));
                    return wasInterrupted;
                }

                var half = group.Count / 2;
                wasInterrupted |= await StoreAsync(group[..half]);
                wasInterrupted |= await StoreAsync(group[half..]);
                return wasInterrupted;
            }
            catch (PostgresException failure) when (failure.InvariantSeverity == "ERROR")
            {
                LogNotStored(group.Count, DatabaseFailure.Describe(failure));
            }
            catch (Exception failure)
            {
                // Npgsql does not wrap every way in which a connection breaks: treat every unexpected failure as "outcome unknown".
                wasInterrupted = true;
                if (failedBeforeSending)
                {
                    LogNotStored(group.Count, DatabaseFailure.Describe(failure));
                }
                else
                {
                    LogOutcomeUnknown(group.Count, DatabaseFailure.Describe(failure));
                }
            }

            await Task.Delay(delay.Next(), clock);
        }
    }

    private async Task<IReadOnlySet<Guid>> SendAsync(List<PendingInsert> group)
    {
        var sending = command ?? new InsertDeploymentsCommand();
        command = null;
        group.ForEach(entry => sending.Add(entry.Row));
        failedBeforeSending = false;
        var sent = sending.StoreAsync(dataSource);
        try
        {
            // A server that hangs responds neither to the statement nor to its cancellation: continue without this connection.
            var existing = await sent.WaitAsync(budgets.Request, clock);
            command = sending;
            return existing;
        }
        catch (PostgresException failure) when (sending.IsUsable && !PostgresErrors.IsReadOnlyServer(failure))
        {
            command = sending;
            throw;
        }
        catch (Exception failure)
        {
            failedBeforeSending = sent.IsFaulted && !sending.IsSent;
            if (PostgresErrors.IsReadOnlyServer(failure))
            {
                dataSource.Clear(); // every connection is to the former primary
            }

            _ = sent.ContinueWith(
                (task, state) =>
                {
                    _ = task.Exception;
                    return DisposeAsync((InsertDeploymentsCommand?)state);
                },
                sending,
                TaskScheduler.Default);
            throw;
        }
    }

    private static async Task DisposeAsync(InsertDeploymentsCommand? command)
    {
        if (command is not null)
        {
            await command.DisposeAsync();
        }
    }

    [LoggerMessage(LogLevel.Warning, "A group of deployments ({Count}) could not be stored, trying again: {Reason}")]
    private partial void LogNotStored(int count, string reason);

    [LoggerMessage(LogLevel.Warning, "Whether a group of deployments ({Count}) was stored is unknown, trying again: {Reason}")]
    private partial void LogOutcomeUnknown(int count, string reason);
}
