using System.Collections.Concurrent;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Batching;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>
/// Reads deployments by their ids: those that wait together are read by one statement, each once, however many wait for it. There is no
/// batching delay: one that comes alone is read at once. A statement is sent after all who wait for it have asked, so it sees each change that
/// was acknowledged to one of them.
/// </summary>
/// <remarks>
/// Groups are taken by work items of the thread pool, which run after the requests that already wait for a thread: under load these have
/// asked by then. After a failure that may pass, or without a response, a group is read again, over a new connection, until its callers give up.
/// A row that cannot be read must not fail its neighbours: its group is halved until the row is alone.
/// </remarks>
internal sealed class GroupReader(NpgsqlDataSource dataSource, IOptions<TimeBudgets> budgets, TimeProvider clock)
    : IThreadPoolWorkItem, IAsyncDisposable
{
    private const int MaxGroupSize = 256;
    private const int MaxAtOnce = 2;
    private static readonly TimeSpan InitialRetryDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly BatchQueue<PendingRead> queue = new();
    private readonly ConcurrentBag<ReadDeploymentsCommand> commands = [];
    private int running;

    // Leaves the callers time for a second attempt, where the first connection is dead.
    private TimeSpan ResponseTimeout => budgets.Value.Request / 2;

    /// <summary>The deployment as it is now or later; null if the project has none of that id.</summary>
    /// <exception cref="UnavailableException">The token fired.</exception>
    public Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken)
    {
        var read = new PendingRead(projectId, id);
        queue.TryAdd(projectId, read, entryLength: 0);
        StartIfNeeded();
        return read.WaitAsync(cancellationToken);
    }

    void IThreadPoolWorkItem.Execute() => _ = ReadGroupsAsync();

    public async ValueTask DisposeAsync()
    {
        while (commands.TryTake(out var command))
        {
            await command.DisposeAsync();
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
        var group = new List<PendingRead>();
        while (true)
        {
            group.Clear();
            queue.TakeGroup(group, MaxGroupSize, maxGroupLength: int.MaxValue, read => read.IsOver);
            if (group.Count == 0)
            {
                break;
            }

            await ReadAsync(group);
        }

        Interlocked.Decrement(ref running);
        if (!queue.IsEmpty)
        {
            StartIfNeeded(); // it was added after the queue was found empty, while as many ran as may
        }
    }

    private async Task ReadAsync(List<PendingRead> group)
    {
        var delay = new RetryDelay(InitialRetryDelay, MaxRetryDelay);
        while (group.RemoveAll(read => read.IsOver) is var _ && group.Count > 0)
        {
            try
            {
                await SendAsync(group);
                return;
            }
            catch (Exception failure) when (!PostgresErrors.IsTransient(failure))
            {
                if (group.Count == 1)
                {
                    group[0].Fail(PostgresErrors.IsWrongEncoding(failure) ? new UnavailableException(failure) : failure);
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

    private async Task SendAsync(List<PendingRead> group)
    {
        var command = commands.TryTake(out var idle) ? idle : new ReadDeploymentsCommand();
        var attempt = new CancellationTokenSource();
        var sent = SendAsync(command, [.. group], attempt.Token);
        try
        {
            // A server that hangs responds neither to the statement nor to its cancellation: continue without this connection.
            await sent.WaitAsync(ResponseTimeout, clock);
            commands.Add(command);
        }
        catch
        {
            _ = attempt.CancelAsync(); // waits for the server, which may hang
            _ = sent.ContinueWith(
                (task, state) =>
                {
                    _ = task.Exception;
                    return ((ReadDeploymentsCommand)state!).DisposeAsync().AsTask();
                },
                command,
                TaskScheduler.Default);
            throw;
        }
    }

    private async Task SendAsync(ReadDeploymentsCommand command, List<PendingRead> group, CancellationToken cancellationToken)
    {
        await command.OpenAsync(dataSource, cancellationToken);
        var readers = new List<List<PendingRead>>(group.Count);
        var numbers = new Dictionary<(string ProjectId, Guid Id), int>(group.Count);
        foreach (var read in group)
        {
            if (numbers.TryGetValue((read.ProjectId, read.Id), out var number))
            {
                readers[number].Add(read);
            }
            else
            {
                numbers.Add((read.ProjectId, read.Id), command.Add(read.ProjectId, read.Id));
                readers.Add([read]);
            }
        }

        await command.ExecuteAsync((number, deployment) => readers[number].ForEach(read => read.Succeed(deployment)), cancellationToken);
        group.Where(read => !read.IsOver).ToList().ForEach(read => read.Succeed(null));
    }
}
