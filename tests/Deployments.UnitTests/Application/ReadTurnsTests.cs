using System.Threading.Channels;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public sealed class ReadTurnsTests
{
    private const int ReadsAtOnce = 8;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ManualClock clock = new();
    private readonly CountedBudgets budgets = new();

    [Test]
    public async Task Caller_in_line_is_not_refused_while_others_have_read()
    {
        using var turns = CreateTurns();
        var reads = Fill(turns);
        var inLine = turns.RunAsync(_ => Task.FromResult(-1), CancellationToken.None);

        await Task.WhenAny(inLine, budgets.CheckAsync());
        inLine.IsCompleted.ShouldBeFalse();
        reads[0].SetResult(0);

        (await inLine.WaitAsync(Patience)).ShouldBe(-1);
    }

    [Test]
    public async Task Caller_in_line_is_unavailable_when_nothing_was_read_for_the_time_of_a_request()
    {
        using var turns = CreateTurns();
        Fill(turns);
        var inLine = turns.RunAsync(_ => Task.FromResult(-1), CancellationToken.None);

        clock.Move(Limit * 2);

        await Should.ThrowAsync<UnavailableException>(() => inLine.WaitAsync(Patience));
    }

    [Test]
    public async Task Caller_that_leaves_the_line_does_not_read()
    {
        using var turns = CreateTurns();
        using var caller = new CancellationTokenSource();
        var reads = Fill(turns);
        var isRead = false;
        var inLine = turns.RunAsync(_ => Task.FromResult(isRead = true), caller.Token);

        await caller.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => inLine.WaitAsync(Patience));
        reads.ForEach(read => read.SetResult(0));
        (await turns.RunAsync(_ => Task.FromResult(-1), CancellationToken.None).WaitAsync(Patience)).ShouldBe(-1);
        isRead.ShouldBeFalse();
    }

    [Test]
    public async Task Read_that_fails_makes_room_for_the_next()
    {
        using var turns = CreateTurns();
        var reads = Fill(turns);
        var inLine = turns.RunAsync(_ => Task.FromResult(-1), CancellationToken.None);

        reads[0].SetException(new NotFoundException("deployment"));

        (await inLine.WaitAsync(Patience)).ShouldBe(-1);
    }

    private ReadTurns CreateTurns() => new(new RequestDeadline(Options.Create(new TimeBudgets()), clock), budgets, clock);

    /// <summary>Begins as many reads as there may be at once, each of which ends when the test says so.</summary>
    private static List<TaskCompletionSource<int>> Fill(ReadTurns turns)
    {
        var reads = Enumerable.Range(0, ReadsAtOnce).Select(_ => new TaskCompletionSource<int>()).ToList();
        reads.ForEach(read => _ = turns.RunAsync(_ => read.Task, CancellationToken.None));
        return reads;
    }

    /// <summary>Tells when a caller in line has checked whether the line moves.</summary>
    private sealed class CountedBudgets : IOptions<TimeBudgets>
    {
        private readonly TimeBudgets budgets = new() { Request = Limit };
        private readonly Channel<bool> reads = Channel.CreateUnbounded<bool>();

        public TimeBudgets Value
        {
            get
            {
                reads.Writer.TryWrite(true);
                return budgets;
            }
        }

        public async Task CheckAsync()
        {
            // Each of those that read has read them once; the caller in line when it begins to wait, when it checks, and when it waits again.
            for (var read = 0; read < ReadsAtOnce + 3; read++)
            {
                await reads.Reader.ReadAsync();
            }
        }
    }
}
