using Deployments.Api.Hosting;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProjectTurnsTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly ProjectTurns turns = new(capacity: 10);

    [Test]
    public void Enter_while_there_is_room_does_not_wait()
    {
        EnterAsync("a", 4).IsCompletedSuccessfully.ShouldBeTrue();
        EnterAsync("a", 6).IsCompletedSuccessfully.ShouldBeTrue();
        EnterAsync("b", 1).IsCompleted.ShouldBeFalse();
    }

    [Test]
    public async Task Enter_after_many_of_another_project_waits_for_one_of_them()
    {
        var first = await EnterAsync("a", 10);
        var busy = new[] { EnterAsync("a", 10), EnterAsync("a", 10), EnterAsync("a", 10) };
        var other = EnterAsync("b", 10);

        first.Dispose();
        (await busy[0].WaitAsync(Timeout)).Dispose();

        await other.WaitAsync(Timeout);
        busy[1].IsCompleted.ShouldBeFalse();
    }

    [Test]
    public async Task Enter_of_one_project_is_in_order_of_arrival()
    {
        var first = await EnterAsync("a", 9);
        var large = EnterAsync("a", 10);
        var small = EnterAsync("a", 1);

        small.IsCompleted.ShouldBeFalse("It would overtake.");
        first.Dispose();
        (await large.WaitAsync(Timeout)).Dispose();
        await small.WaitAsync(Timeout);
    }

    [Test]
    public async Task Enter_of_more_than_the_capacity_has_its_turn_alone()
    {
        var all = await EnterAsync("a", 1_000).WaitAsync(Timeout);
        var next = EnterAsync("b", 1);

        next.IsCompleted.ShouldBeFalse();
        all.Dispose();
        await next.WaitAsync(Timeout);
    }

    [Test]
    public async Task Cancel_while_waiting_lets_those_behind_it_through()
    {
        using var cancellation = new CancellationTokenSource();
        await EnterAsync("a", 5);
        var large = turns.EnterAsync("a", 10, cancellation.Token);
        var small = EnterAsync("a", 5);

        await cancellation.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(large);
        await small.WaitAsync(Timeout);
    }

    [Test]
    public async Task Dispose_twice_ends_a_turn_once()
    {
        var turn = await EnterAsync("a", 5);
        await EnterAsync("a", 5);

        turn.Dispose();
        turn.Dispose();

        EnterAsync("a", 6).IsCompleted.ShouldBeFalse();
    }

    private Task<IDisposable> EnterAsync(string project, long amount) => turns.EnterAsync(project, amount, CancellationToken.None);
}
