using System.Buffers.Binary;
using System.Data;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Retention;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Microsoft.EntityFrameworkCore;

namespace Deployments.Infrastructure.Retention;

/// <summary>
/// One pass over all projects, in the order of the primary keys: each row that was created before the time of the rules is read once. It goes
/// in small slices, each a transaction that begins with a pause: <see cref="RetentionPace"/>.
/// </summary>
/// <param name="rules">What is deleted.</param>
/// <param name="isDryRun">Whether it is only counted.</param>
/// <param name="isAlone">Whether a slice needs the lock that one instance at a time has.</param>
/// <param name="database">The database.</param>
/// <param name="deadline">The time that a slice may take.</param>
/// <param name="signal">Notifies the requests that wait.</param>
/// <param name="clock">The clock.</param>
internal sealed class RetentionPass(
    RetentionRules rules,
    bool isDryRun,
    bool isAlone,
    DatabaseExecutor database,
    RequestDeadline deadline,
    ChangeSignal signal,
    TimeProvider clock)
{
    /// <summary>The key of the advisory lock that one instance at a time has.</summary>
    public const long AdvisoryLockKey = 0x72657461696E; // "retain"

    private const int MaxRows = 100;
    private const int FewRows = 25; // that they take long says little: it is the fixed cost of a slice
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1); // a transaction is open meanwhile

    // Somewhat arbitrary: longer than a slice takes as a rule, and shorter than a watcher of the feed, which it holds up, or a writer notices.
    private static readonly TimeSpan TargetDuration = TimeSpan.FromMilliseconds(30);

    private readonly IRetainedRows[] tables = [.. CreateTables(rules, signal, clock)];
    private Position position = new(Table: 0, ProjectId: string.Empty, After: null);
    private TimeSpan idleTime; // that is left before the next slice
    private int maxRows = MaxRows;

    /// <summary>When it began.</summary>
    public DateTimeOffset Start { get; } = clock.GetUtcNow();

    /// <summary>Whether a slice has begun.</summary>
    public bool HasBegun { get; private set; }

    public bool IsComplete => position.Table == tables.Length;

    /// <summary>Works on the next slice, or pauses. After a failure it may be called again, and goes on where it was.</summary>
    /// <returns>How many were deleted; null if somebody else is at work.</returns>
    public async Task<RetentionCount?> ContinueAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await deadline.RunAsync(token => database.RunAsync(WorkAsync, token), cancellationToken);
        }
        catch (UnavailableException)
        {
            maxRows = Math.Max(maxRows / 2, 1); // it may have taken too long
            throw;
        }
    }

    private async Task<RetentionCount?> WorkAsync(DatabaseExecutor.Attempt attempt)
    {
        // Explicit, because the database's own default may be another.
        await using var transaction = await attempt.Context.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, attempt.Token);
        if (!await BeginSliceAsync(attempt))
        {
            return null;
        }

        HasBegun = true;

        // With the lock, so that the pause is one of all instances. The transaction has neither an id nor a snapshot yet.
        var pause = idleTime < MaxPause ? idleTime : MaxPause;
        await Task.Delay(pause, clock, attempt.Token);
        idleTime -= pause;
        if (idleTime > TimeSpan.Zero)
        {
            return default(RetentionCount);
        }

        var started = clock.GetTimestamp();
        var (next, count, rows) = (position, default(RetentionCount), 0);
        var committed = new List<Action>();
        while (next.Table < tables.Length && rows < maxRows && clock.GetElapsedTime(started) < TargetDuration)
        {
            if (next.After is not { } after)
            {
                next = await FindProjectAsync(attempt, tables[next.Table].NextProject, next.ProjectId) is { } projectId
                    ? next with { ProjectId = projectId, After = Guid.Empty }
                    : new Position(next.Table + 1, string.Empty, After: null);
                continue;
            }

            var table = tables[next.Table];
            var slice = new RetentionSlice(next.ProjectId, after, FirstIdOf(table.Before), maxRows - rows);
            var found = await table.FindAsync(attempt, slice);
            var due = found.Where(row => row.IsDue).Select(row => row.Id).ToArray();
            var deleted = due.Length;
            if (due.Length > 0 && !isDryRun)
            {
                var deletion = await table.DeleteAsync(attempt, next.ProjectId, due);
                deleted = deletion.Count;
                committed.Add(deletion.Committed);
            }

            count += table.CountOf(deleted);
            rows += found.Count;
            next = next with { After = found.Count == slice.Count ? found[^1].Id : null };
        }

        await transaction.CommitAsync(attempt.Token);
        committed.ForEach(act => act());
        position = next;
        var duration = clock.GetElapsedTime(started);
        idleTime = RetentionPace.IdleTimeAfter(duration);
        maxRows = duration <= TargetDuration ? Math.Min(maxRows * 2, MaxRows) : Math.Max(maxRows / 2, Math.Min(maxRows, FewRows));
        return count;
    }

    private static IEnumerable<IRetainedRows> CreateTables(RetentionRules rules, ChangeSignal signal, TimeProvider clock)
    {
        if (rules.ChangedBefore is { } changedBefore)
        {
            yield return new OverdueDeployments(changedBefore, rules.PerServer, signal, clock);
        }

        // Afterwards, as no deployment may refer to them any more.
        if (rules.UnusedConfigsBefore is { } createdBefore)
        {
            yield return new UnusedConfigs(createdBefore);
        }
    }

    // The settings are of the transaction alone, and come last, as the transaction has no snapshot after them. PostgreSQL estimates the statements
    // as expensive, and would compile them for longer than they run. A pause may be longer than the database's own limit; one of an instance that
    // is gone must end all the same, as the transaction has the lock, and may have locked rows.
    private async Task<bool> BeginSliceAsync(DatabaseExecutor.Attempt attempt)
    {
        await using var command = await attempt.CreateCommandAsync(
            $"""
            SELECT {(isAlone ? $"pg_try_advisory_xact_lock({AdvisoryLockKey})" : "true")};
            SET LOCAL jit = off;
            SET LOCAL idle_in_transaction_session_timeout = '10s'
            """);
        return (bool)(await command.ExecuteScalarAsync(attempt.Token))!;
    }

    private static async Task<string?> FindProjectAsync(DatabaseExecutor.Attempt attempt, string statement, string after)
    {
        await using var command = await attempt.CreateCommandAsync(statement);
        command.Parameters.AddWithValue("after", after);
        return (string?)await command.ExecuteScalarAsync(attempt.Token);
    }

    /// <summary>The least id of version 7 of a time.</summary>
    private static Guid FirstIdOf(DateTimeOffset time)
    {
        Span<byte> id = stackalloc byte[16];
        id.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(id, (ulong)time.ToUnixTimeMilliseconds() << 16);
        return new Guid(id, bigEndian: true);
    }

    /// <param name="Table">The index of the table; beyond the last: the end.</param>
    /// <param name="ProjectId">The project; empty: before the first.</param>
    /// <param name="After">The last id that was examined; null: none is left in the project.</param>
    private readonly record struct Position(int Table, string ProjectId, Guid? After);
}
