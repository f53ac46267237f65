using System.Collections.Concurrent;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Infrastructure.Batching;
using Deployments.Infrastructure.SoftwareDeployments;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

/// <summary>What the writer does with a group whose command leaves entries, or fails.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class GroupCommitWriterTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly Command command = new();
    private readonly NpgsqlDataSource dataSource = NpgsqlDataSource.Create("Host=never-opened");
    private readonly GroupCommitWriter<Entry> writer;

    public GroupCommitWriterTests() => writer = new GroupCommitWriter<Entry>(
        () => command,
        dataSource,
        Options.Create(new TimeBudgets { Request = Limit }),
        TimeProvider.System,
        NullLogger<GroupCommitWriter<Entry>>.Instance);

    [TearDown]
    public Task StopAsync() => writer.StopAsync(CancellationToken.None);

    public void Dispose()
    {
        writer.Dispose();
        dataSource.Dispose();
        command.Dispose();
    }

    [Test]
    public async Task Entries_that_wait_together_are_one_group()
    {
        var entries = await WriteAsync(10);

        await Outcomes(entries);

        command.Sizes.ShouldBe([10]);
    }

    [Test]
    public async Task Entry_that_the_database_rejects_fails_alone([Values(0, 4, 9)] int rejected)
    {
        command.RejectedNumber = rejected;

        var entries = await WriteAsync(10);

        await Should.ThrowAsync<PostgresException>(() => entries[rejected].Outcome.WaitAsync(Limit));
        await Outcomes(entries.Where(entry => entry.Number != rejected));
        command.Stored.Order().ShouldBe(Enumerable.Range(0, 10).Where(number => number != rejected));
    }

    [Test]
    public async Task Group_that_is_too_large_is_halved_until_it_is_not()
    {
        command.MaxSize = 3;

        var entries = await WriteAsync(10);

        await Outcomes(entries);
        command.Sizes.ShouldBe([10, 5, 2, 3, 5, 2, 3]);
        command.Stored.ShouldBe(Enumerable.Range(0, 10));
    }

    [Test]
    public async Task Entry_whose_row_is_locked_is_tried_again_until_it_is_not_and_delays_no_other()
    {
        command.LockedNumber = 0;

        var entries = await WriteAsync(3);
        await Outcomes(entries[1..]);
        await command.AttemptLockedAsync(times: 5);
        entries[0].Outcome.IsCompleted.ShouldBeFalse();
        var later = new Entry(3);
        writer.Add("project", later, 1);
        await Outcomes(later);

        command.LockedNumber = null;
        await Outcomes(entries[0]);

        command.Stored.Order().ShouldBe([0, 1, 2, 3]);
    }

    [Test]
    public async Task Entry_whose_row_is_locked_is_dropped_when_its_caller_stops_waiting()
    {
        command.LockedNumber = 0;
        var entries = await WriteAsync(1);
        await command.AttemptLockedAsync(times: 2);

        entries[0].IsAbandoned = true;

        await Should.ThrowAsync<UnavailableException>(() => entries[0].Outcome.WaitAsync(Limit));
        command.Stored.ShouldBeEmpty();
    }

    [Test]
    public async Task Group_whose_outcome_is_unknown_is_sent_again()
    {
        command.FailuresToCome = 2;

        var entries = await WriteAsync(2);

        await Outcomes(entries);
        command.Sizes.ShouldBe([2, 2, 2]);
    }

    /// <summary>Adds entries before the writer starts, so that they are one group.</summary>
    private async Task<Entry[]> WriteAsync(int count)
    {
        var entries = Enumerable.Range(0, count).Select(number => new Entry(number)).ToArray();
        Array.ForEach(entries, entry => writer.Add("project", entry, 1));
        await writer.StartAsync(CancellationToken.None);
        return entries;
    }

    private static Task Outcomes(params IEnumerable<Entry> entries) => Task.WhenAll(entries.Select(entry => entry.Outcome)).WaitAsync(Limit);

    private sealed class Entry(int number) : IPendingWrite
    {
        private readonly TaskCompletionSource outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool isAbandoned;

        public int Number => number;

        public Task Outcome => outcome.Task;

        public long EnqueuedAt { get; } = TimeProvider.System.GetTimestamp();

        public bool IsAbandoned
        {
            get => isAbandoned;
            set => isAbandoned = value;
        }

        public void Succeed() => outcome.TrySetResult();

        public void Fail(Exception exception) => outcome.TrySetException(exception);
    }

    private sealed class Command : IGroupCommand<Entry>, IDisposable
    {
        private readonly ConcurrentQueue<int> sizes = [];
        private readonly ConcurrentQueue<int> stored = [];
        private readonly SemaphoreSlim attempted = new(0);
        private volatile object? locked;

        public bool IsUsable => true;

        public bool IsSent => true;

        public int? RejectedNumber { get; set; }

        public int? LockedNumber
        {
            get => (int?)locked;
            set => locked = value;
        }

        public int MaxSize { get; set; } = int.MaxValue;

        public int FailuresToCome { get; set; }

        public IReadOnlyCollection<int> Sizes => sizes;

        public IReadOnlyCollection<int> Stored => stored;

        /// <summary>Waits until the locked entry has been tried so many times.</summary>
        public async Task AttemptLockedAsync(int times)
        {
            for (var time = 0; time < times; time++)
            {
                (await attempted.WaitAsync(Limit)).ShouldBeTrue();
            }
        }

        public async Task<IReadOnlyList<Entry>> StoreAsync(List<Entry> group, CancellationTokenSource attempt)
        {
            await Task.Yield();
            sizes.Enqueue(group.Count);
            if (FailuresToCome-- > 0)
            {
                throw new IOException("The connection broke.");
            }

            if (group.Count > MaxSize)
            {
                throw new GroupTooLargeException();
            }

            if (group.Exists(entry => entry.Number == RejectedNumber))
            {
                throw new PostgresException("rejected", "ERROR", "ERROR", PostgresErrorCodes.CheckViolation);
            }

            var left = group.FindAll(entry => entry.Number == LockedNumber);
            left.ForEach(_ => attempted.Release());
            foreach (var entry in group.Except(left))
            {
                stored.Enqueue(entry.Number);
                entry.Succeed();
            }

            return left;
        }

        // Each connection of the writer's is this one.
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public void Dispose() => attempted.Dispose();
    }
}
