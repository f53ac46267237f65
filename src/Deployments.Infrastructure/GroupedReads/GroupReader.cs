using System.Collections.Concurrent;
using System.Diagnostics;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Infrastructure.Batching;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>
/// Reads that wait together are one statement, which reads each key once, however many wait for it. There is no batching delay: what comes alone
/// is read at once. A statement is sent after all who wait for it have asked, so it sees each change that was acknowledged to one of them.
/// </summary>
/// <remarks>
/// Groups are taken by work items of the thread pool, which run after the requests that already wait for a thread: under load these have
/// asked by then. After a failure that may pass, a group is read again, over a new connection, until its callers give up. What is slow or cannot
/// be read must not fail its neighbours: without a response each key is read alone, and after any other failure the group is halved. A statement
/// for which nobody waits any more is cancelled.
/// </remarks>
internal sealed class GroupReader<TKey, TResult>(
    GroupedStatement<TKey, TResult> statement, NpgsqlDataSource dataSource, IOptions<TimeBudgets> budgets, TimeProvider clock)
    : IThreadPoolWorkItem, IDisposable
    where TKey : struct, IReadKey
    where TResult : class
{
    // Larger groups cost as much for each read, and all callers of a group have their results at about the same time.
    private const int MaxGroupSize = 256;

    // While one is at the database, the results of the other are delivered.
    private const int MaxAtOnce = 2;

    // Others need not wait for a group that takes longer; it goes on beside them.
    private static readonly TimeSpan MaxTurn = AdaptiveBatchSize.TargetGroupDuration;
    private static readonly TimeSpan InitialRetryDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly BatchQueue<PendingRead<TKey, TResult>> queue = new();
    private readonly ConcurrentBag<ReadCommand<TKey, TResult>> commands = [];
    private int running;

    // Leaves the callers of a group time for an attempt of their own.
    private TimeSpan GroupTimeout => budgets.Value.Request / 2;

    /// <summary>What belongs to a key, now or later; null if there is nothing. Several callers may get the same object, and change nothing in it.</summary>
    /// <exception cref="UnavailableException">The token fired.</exception>
    public Task<TResult?> ReadAsync(TKey key, CancellationToken cancellationToken)
    {
        var read = new PendingRead<TKey, TResult>(key);
        queue.TryAdd(key.ProjectId, read, entryLength: 0);
        StartIfNeeded();
        return read.WaitAsync(cancellationToken);
    }

    void IThreadPoolWorkItem.Execute() => _ = ReadGroupsAsync();

    public void Dispose()
    {
        while (commands.TryTake(out var command))
        {
            command.Dispose();
        }
    }

    private void StartIfNeeded()
    {
        for (var seen = Volatile.Read(ref running); seen < MaxAtOnce;)
        {
            var before = Interlocked.CompareExchange(ref running, seen + 1, seen);
            if (before == seen)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            seen = before;
        }
    }

    private async Task ReadGroupsAsync()
    {
        while (true)
        {
            var group = new List<PendingRead<TKey, TResult>>();
            queue.TakeGroup(group, MaxGroupSize, maxGroupLength: int.MaxValue, read => read.IsOver);
            if (group.Count == 0)
            {
                break;
            }

            try
            {
                await ReadAsync(group).WaitAsync(MaxTurn, clock);
            }
            catch (TimeoutException)
            {
                // It goes on beside those that come after it.
            }
        }

        Interlocked.Decrement(ref running);
        if (!queue.IsEmpty)
        {
            StartIfNeeded(); // it was added after the queue was found empty, while as many ran as may
        }
    }

    private async Task ReadAsync(List<PendingRead<TKey, TResult>> group)
    {
        var delay = new RetryDelay(InitialRetryDelay, MaxRetryDelay);
        while (true)
        {
            group.RemoveAll(read => read.IsOver);
            if (group.Count == 0)
            {
                return;
            }

            try
            {
                await SendAsync(group);
                return;
            }
            catch (TimeoutException) when (!HasOneKey(group))
            {
                await Task.WhenAll(group.GroupBy(read => read.Key).Select(ofKey => ReadAsync([.. ofKey])));
                return;
            }
            catch (Exception failure) when (!PostgresErrors.IsTransient(failure))
            {
                if (HasOneKey(group))
                {
                    group.ForEach(read => read.Fail(PostgresErrors.IsWrongEncoding(failure) ? new UnavailableException(failure) : failure));
                    return;
                }

                await ReadAsync(group[..(group.Count / 2)]);
                await ReadAsync(group[(group.Count / 2)..]);
                return;
            }
            catch (Exception failure)
            {
                group.ForEach(read => read.LastFailure = failure);
            }

            await Task.Delay(delay.Next(), clock);
        }
    }

    private async Task SendAsync(List<PendingRead<TKey, TResult>> group)
    {
        var command = commands.TryTake(out var idle) ? idle : new ReadCommand<TKey, TResult>(statement);
        var attempt = new CancellationTokenSource();
        var waiting = group.Count;
        group.ForEach(read => read.OnAbandoned(EndOne));
        var sent = SendAsync(command, [.. group], attempt.Token);
        try
        {
            // A server that hangs responds neither to the statement nor to its cancellation: continue without this connection.
            await sent.WaitAsync(HasOneKey(group) ? budgets.Value.Request : GroupTimeout, clock);
        }
        catch (TimeoutException)
        {
            attempt.CancelOnOwnThread();
            _ = sent.ContinueWith(static ended => ended.Exception, TaskContinuationOptions.OnlyOnFaulted);
            throw;
        }

        commands.Add(command);

        void EndOne()
        {
            if (Interlocked.Decrement(ref waiting) == 0)
            {
                attempt.CancelOnOwnThread();
            }
        }
    }

    private static bool HasOneKey(List<PendingRead<TKey, TResult>> group) =>
        group.TrueForAll(read => EqualityComparer<TKey>.Default.Equals(read.Key, group[0].Key));

    private async Task SendAsync(ReadCommand<TKey, TResult> command, List<PendingRead<TKey, TResult>> group, CancellationToken cancellationToken)
    {
        var (keys, readers, numbers) = (new List<TKey>(), new List<List<PendingRead<TKey, TResult>>>(), new Dictionary<TKey, int>(group.Count));
        foreach (var read in group)
        {
            if (numbers.TryAdd(read.Key, keys.Count))
            {
                keys.Add(read.Key);
                readers.Add([]);
            }

            readers[numbers[read.Key]].Add(read);
        }

        Activity.Current = group[0].Activity; // the statement is in the trace of one of its requests
        await command.ReadAsync(keys, (number, result) => readers[number].ForEach(read => read.Succeed(result)), dataSource, cancellationToken);
        group.FindAll(read => !read.IsOver).ForEach(read => read.Succeed(null));
    }
}
