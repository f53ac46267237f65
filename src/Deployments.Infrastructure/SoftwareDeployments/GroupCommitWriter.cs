using System.Diagnostics;
using System.Threading.Channels;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// Group commit: deployments that wait together are stored together, by one statement and so one commit. A single loop takes
/// whatever waits, up to a bound, writes it, and then tells each caller. Nothing waits for company: when one deployment waits, the
/// group is one.
/// </summary>
/// <remarks>
/// <para>Deployments with an idempotency key go first and in order, so that two writers that hold some of the same keys cannot wait for
/// each other; of twins the one that came first is first.</para>
/// <para>Groups shrink where they take long. When they have, and the queue has not been empty for a while, no more may wait than a few
/// groups hold, and none for long: where the database is slower than what is asked of it, the service refuses early what it could not
/// store in time.</para>
/// <para>A row that PostgreSQL refuses must not take its neighbours down: its group is halved until it stands alone. After any other
/// failure, where nobody may know whether the group was stored, the same ids are sent again until their callers give up.</para>
/// </remarks>
internal sealed partial class GroupCommitWriter(NpgsqlDataSource dataSource, ILogger<GroupCommitWriter> logger) : BackgroundService
{
    private const int SmallestGroup = 64;
    private const int FirstGroup = 256;
    private const int LargestGroup = 1_000;
    private const int LargestGroupLength = 8 * 1024 * 1024;
    private const int GroupsThatMayWait = 8;
    private const long LargestQueueLength = 64 * 1024 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBurst = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan LongGroup = TimeSpan.FromMilliseconds(250);

    private readonly Channel<Entry> queue = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });
    private InsertDeploymentsCommand? insert;
    private volatile int most = FirstGroup;
    private volatile bool isRefusing;
    private int waiting;
    private long waitingSince;
    private long waitingLength;

    // Groups have shrunk, and yet it is long that some have been waiting all the time. A burst is over sooner.
    private bool IsOverloaded => most < FirstGroup && Stopwatch.GetElapsedTime(Volatile.Read(ref waitingSince)) > LongestBurst;

    /// <summary>Stores a deployment and its first event. Returns when they are durable.</summary>
    /// <returns>False when it was there already, by its id or its idempotency key.</returns>
    /// <exception cref="UnavailableException">Too many wait already, or for too long, or the database did not answer in time.</exception>
    public async Task<bool> AddAsync(SoftwareDeployment deployment, Caller caller, CancellationToken cancellationToken)
    {
        var entry = new Entry(new DeploymentRow(deployment, caller));
        var mayWait = GroupsThatMayWait * (IsOverloaded ? most : Math.Max(most, FirstGroup));
        if (Volatile.Read(ref waiting) >= mayWait || Interlocked.Read(ref waitingLength) > LargestQueueLength)
        {
            throw new UnavailableException();
        }

        if (Interlocked.Increment(ref waiting) == 1 && !isRefusing)
        {
            Volatile.Write(ref waitingSince, entry.Since);
        }

        Interlocked.Add(ref waitingLength, entry.Row.Length);
        if (!queue.Writer.TryWrite(entry))
        {
            throw new UnavailableException(); // the service stops
        }

        try
        {
            return await entry.Stored.WaitAsync(DatabaseExecutor.Timeout, cancellationToken);
        }
        catch (TimeoutException timeout)
        {
            throw new UnavailableException(timeout);
        }
        finally
        {
            entry.Abandon();
        }
    }

    /// <summary>Writes what still waits, and stops.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Writer.TryComplete();
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(cancellationToken);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var group = new List<Entry>(LargestGroup);
        while (await queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            group.Clear();
            var length = 0;
            var refused = false;
            while (group.Count < most && length < LargestGroupLength && queue.Reader.TryRead(out var entry))
            {
                length += entry.Row.Length;
                if (IsOverloaded && Stopwatch.GetElapsedTime(entry.Since) > LongestWait)
                {
                    isRefusing = refused = true;
                    entry.Fail(new UnavailableException());
                }
                else
                {
                    group.Add(entry);
                }

                Interlocked.Decrement(ref waiting);
            }

            // A queue that is empty because those in it were refused is not a queue that the database kept up with.
            isRefusing = refused || (isRefusing && group.Count == most);

            var started = Stopwatch.GetTimestamp();
            group.Sort(ByIdempotencyKey);
            if (await StoreAsync(group))
            {
                Volatile.Write(ref waitingSince, Stopwatch.GetTimestamp()); // until now nobody waited for a turn
                most = Math.Max(most / 2, SmallestGroup); // it may have been too many at once
            }
            else
            {
                most = NextMost(group.Count, Stopwatch.GetElapsedTime(started));
            }

            Interlocked.Add(ref waitingLength, -length);
        }

        await DropConnectionAsync(insert);
    }

    // At once as many as take as long as a group should, and more again by and by: far more only while there are as many to take. A few
    // that take long were only the first.
    private int NextMost(int stored, TimeSpan took) =>
        took > LongGroup && stored >= SmallestGroup ? Math.Max((int)(stored * (LongGroup / took)), SmallestGroup)
        : took > LongGroup / 2 ? most
        : Math.Max(most, Math.Min(most * 2, stored == most ? LargestGroup : FirstGroup));

    /// <returns>Whether nobody knew for a while what had been stored.</returns>
    private async Task<bool> StoreAsync(List<Entry> group)
    {
        var wasInDoubt = false;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            group.RemoveAll(entry => entry.IsAbandoned);
            if (group.Count == 0)
            {
                return wasInDoubt;
            }

            try
            {
                var there = await SendAsync(group);
                DeploymentMetrics.GroupSize.Record(group.Count);
                group.ForEach(entry => entry.Succeed(!there.Contains(entry.Row.Deployment.Id)));
                return wasInDoubt;
            }
            catch (PostgresException refusal) when (refusal.SqlState[..2] is "22" or "23")
            {
                if (group.Count == 1)
                {
                    group[0].Fail(refusal);
                    return wasInDoubt;
                }

                var half = group.Count / 2;
                wasInDoubt |= await StoreAsync(group[..half]);
                wasInDoubt |= await StoreAsync(group[half..]);
                return wasInDoubt;
            }
            catch (PostgresException failure) when (insert is not null)
            {
                LogNotStored(group.Count, failure.MessageText);
                await Task.Delay(pause);
            }
            catch (Exception doubt)
            {
                // Npgsql does not wrap every way in which a connection breaks: whatever it is, the outcome is unknown.
                wasInDoubt = true;
                LogInDoubt(group.Count, doubt.Message);
                dataSource.Clear();
                await Task.Delay(pause);
            }
        }
    }

    private async Task<IReadOnlySet<Guid>> SendAsync(List<Entry> group)
    {
        // A stopped server answers neither the statement nor its cancellation: the loop goes on without them.
        var sending = insert ?? new InsertDeploymentsCommand();
        insert = null;
        group.ForEach(entry => sending.Add(entry.Row));
        var sent = sending.StoreAsync(dataSource);
        try
        {
            var there = await sent.WaitAsync(DatabaseExecutor.Timeout);
            insert = sending;
            return there;
        }
        catch (PostgresException refusal) when (sending.IsUsable && refusal.SqlState != PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            insert = sending;
            throw;
        }
        catch
        {
            _ = sent.ContinueWith(
                (task, state) =>
                {
                    _ = task.Exception;
                    return DropConnectionAsync((InsertDeploymentsCommand?)state);
                },
                sending,
                TaskScheduler.Default);
            throw;
        }
    }

    private static int ByIdempotencyKey(Entry left, Entry right)
    {
        var (one, other) = (left.Row.Deployment, right.Row.Deployment);
        return (one.IdempotencyKey, other.IdempotencyKey) switch
        {
            (null, null) => 0,
            (null, _) => 1,
            (_, null) => -1,
            _ when string.CompareOrdinal(one.ProjectId, other.ProjectId) is not 0 and var order => order,
            _ when string.CompareOrdinal(one.IdempotencyKey.Key, other.IdempotencyKey.Key) is not 0 and var order => order,
            _ => left.Since.CompareTo(right.Since),
        };
    }

    private static async Task DropConnectionAsync(InsertDeploymentsCommand? insert)
    {
        if (insert is not null)
        {
            await insert.DisposeAsync();
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Count} deployments could not be stored; they are sent again: {Reason}")]
    private partial void LogNotStored(int count, string reason);

    [LoggerMessage(LogLevel.Warning, "Whether {Count} deployments were stored is unknown; they are sent again: {Reason}")]
    private partial void LogInDoubt(int count, string reason);

    /// <summary>A deployment on its way, and the caller who waits for it.</summary>
    private sealed class Entry(DeploymentRow row)
    {
        private readonly TaskCompletionSource<bool> stored = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public DeploymentRow Row { get; } = row;

        /// <summary>When its caller began to wait.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        public Task<bool> Stored => stored.Task;

        /// <summary>Whether nobody waits any more.</summary>
        public bool IsAbandoned { get; private set; }

        public void Abandon() => IsAbandoned = true;

        public void Succeed(bool isNew) => stored.TrySetResult(isNew);

        public void Fail(Exception exception) => stored.TrySetException(exception);
    }
}
