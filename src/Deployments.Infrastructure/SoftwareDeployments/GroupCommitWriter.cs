using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Infrastructure.Batching;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// Group commit: deployments, or changes of deployments, that wait together are stored by one commit. A single loop takes a group and
/// writes it, and each caller gets its own outcome. There is no batching delay: what comes alone is written at once.
/// </summary>
/// <remarks>
/// A row that PostgreSQL rejects must not fail its neighbours: its group is halved until the row is alone. After any other failure,
/// expected or not, the outcome is unknown: the same entries are sent again until their callers give up. Entries whose row another
/// transaction has locked are tried again with the groups that follow, so that no group waits for a lock.
/// </remarks>
internal sealed partial class GroupCommitWriter<TEntry> : BackgroundService
    where TEntry : IPendingWrite
{
    private const int MaxGroupLength = 8 * 1024 * 1024;
    private const int MaxPostponed = 1_000;
    private static readonly TimeSpan InitialRetryDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MinLockDelay = TimeSpan.FromMilliseconds(2);

    private readonly BatchQueue<TEntry> queue = new();
    private readonly List<TEntry> postponed = [];
    private readonly AdaptiveBatchSize batchSize = new(minSize: 64, initialSize: 256, maxSize: 1_000);
    private readonly QueueAdmission admission;
    private readonly Func<IGroupCommand<TEntry>> createCommand;
    private readonly NpgsqlDataSource dataSource;
    private readonly TimeBudgets budgets;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private IGroupCommand<TEntry>? command;
    private bool failedBeforeSending;

    public GroupCommitWriter(
        Func<IGroupCommand<TEntry>> createCommand,
        NpgsqlDataSource dataSource,
        IOptions<TimeBudgets> budgets,
        TimeProvider clock,
        ILogger<GroupCommitWriter<TEntry>> logger)
    {
        admission = new QueueAdmission(batchSize, clock);
        this.createCommand = createCommand;
        this.dataSource = dataSource;
        this.budgets = budgets.Value;
        this.clock = clock;
        this.logger = logger;
    }

    /// <summary>Adds an entry, which then reports its outcome itself.</summary>
    /// <param name="projectId">The project whose share of the queue it takes.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="length">Its approximate length, in characters.</param>
    /// <exception cref="UnavailableException">Too many are waiting, or the service is stopping.</exception>
    public void Add(string projectId, TEntry entry, int length)
    {
        if (!admission.TryAdmit(queue.LoadFor(projectId)) || !queue.TryAdd(projectId, entry, length))
        {
            throw new UnavailableException();
        }
    }

    /// <summary>Writes the waiting entries, and stops.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Complete();
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(cancellationToken);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var group = new List<TEntry>();
        while (await WaitAsync())
        {
            group.Clear();
            group.AddRange(postponed);
            postponed.Clear();
            var repeated = group.Count;
            queue.TakeGroup(group, repeated + batchSize.MaxGroupSize, MaxGroupLength, IsDropped);
            admission.GroupTaken(group.Count - repeated);

            var started = clock.GetTimestamp();
            if (await StoreAsync(group))
            {
                admission.RestartInterval(); // the queue was busy because of an outage, not because of overload
                batchSize.OutcomeUnknown();
            }
            else
            {
                batchSize.GroupCompleted(group.Count - postponed.Count, clock.GetElapsedTime(started));
            }
        }

        await DisposeAsync(command);
    }

    /// <summary>Waits for an entry, or until those whose rows were locked are due again.</summary>
    /// <returns>False when the service stops and everything is written.</returns>
    private async Task<bool> WaitAsync()
    {
        var added = queue.WaitToTakeAsync();
        if (postponed.Count == 0)
        {
            return await added;
        }

        // As long again as the last to arrive has waited: often while a lock may be brief, seldom once it is not.
        var waited = clock.GetElapsedTime(postponed.Max(entry => entry.EnqueuedAt));
        var due = Task.Delay(waited < MinLockDelay ? MinLockDelay : waited < MaxRetryDelay ? waited : MaxRetryDelay, clock);
        if (await Task.WhenAny(added, due) == added && !await added)
        {
            await due; // nothing can be added any more
        }

        return true;
    }

    private bool IsDropped(TEntry entry)
    {
        if (admission.TryShed(entry.EnqueuedAt))
        {
            entry.Fail(new UnavailableException());
            return true;
        }

        return IsAbandoned(entry);
    }

    private static bool IsAbandoned(TEntry entry)
    {
        if (entry.IsAbandoned)
        {
            entry.Fail(new UnavailableException()); // its caller may be waiting until nothing more is stored
        }

        return entry.IsAbandoned;
    }

    /// <returns>Whether the database could not be used, or the outcome was unknown, for a while.</returns>
    private async Task<bool> StoreAsync(List<TEntry> group)
    {
        var wasInterrupted = false;
        var delay = new RetryDelay(InitialRetryDelay, MaxRetryDelay);
        while (true)
        {
            group.RemoveAll(IsAbandoned);
            if (group.Count == 0)
            {
                return wasInterrupted;
            }

            try
            {
                Postpone(await SendAsync(group));
                return wasInterrupted;
            }
            catch (GroupTooLargeException)
            {
                return await StoreHalvesAsync(group) || wasInterrupted;
            }
            catch (PostgresException failure) when (PostgresErrors.Classify(failure) != PostgresFailure.Transient)
            {
                if (PostgresErrors.Classify(failure) == PostgresFailure.Defect || group.Count == 1)
                {
                    group.ForEach(entry => entry.Fail(PostgresErrors.IsWrongEncoding(failure) ? new UnavailableException(failure) : failure));
                    return wasInterrupted;
                }

                return await StoreHalvesAsync(group) || wasInterrupted;
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

    private async Task<bool> StoreHalvesAsync(List<TEntry> group)
    {
        var half = group.Count / 2;
        var wasInterrupted = await StoreAsync(group[..half]);
        return await StoreAsync(group[half..]) || wasInterrupted;
    }

    private void Postpone(IReadOnlyList<TEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (postponed.Count < MaxPostponed)
            {
                postponed.Add(entry);
            }
            else
            {
                entry.Fail(new UnavailableException());
            }
        }
    }

    private async Task<IReadOnlyList<TEntry>> SendAsync(List<TEntry> group)
    {
        var sending = command ?? createCommand();
        command = null;
        failedBeforeSending = false;
        var attempt = new CancellationTokenSource();
        var sent = sending.StoreAsync([.. group], attempt);
        try
        {
            // A server that hangs responds neither to the statement nor to its cancellation: continue without this connection.
            var left = await sent.WaitAsync(budgets.Request, clock);
            command = sending;
            return left;
        }
        catch (Exception failure) when (
            sending.IsUsable && failure is GroupTooLargeException or PostgresException && !PostgresErrors.IsReadOnlyServer(failure))
        {
            command = sending;
            throw;
        }
        catch (Exception failure)
        {
            _ = attempt.CancelAsync(); // waits for the server, which may hang
            failedBeforeSending = !sending.IsSent;
            if (PostgresErrors.IsReadOnlyServer(failure))
            {
                dataSource.Clear(); // every connection is to the former primary
            }

            _ = sent.ContinueWith(
                (task, state) =>
                {
                    _ = task.Exception;
                    return DisposeAsync((IGroupCommand<TEntry>?)state);
                },
                sending,
                TaskScheduler.Default);
            throw;
        }
    }

    private static async Task DisposeAsync(IGroupCommand<TEntry>? command)
    {
        if (command is not null)
        {
            await command.DisposeAsync();
        }
    }

    [LoggerMessage(LogLevel.Warning, "A group of {Count} writes could not be stored, trying again: {Reason}")]
    private partial void LogNotStored(int count, string reason);

    [LoggerMessage(LogLevel.Warning, "Whether a group of {Count} writes was stored is unknown, trying again: {Reason}")]
    private partial void LogOutcomeUnknown(int count, string reason);
}
