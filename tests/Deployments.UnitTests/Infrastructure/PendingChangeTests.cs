using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PendingChangeTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly ChangeOutcome Outcome = new(Deployment: null);

    private readonly CancellationTokenSource leaving = new();
    private readonly CancellationTokenSource attempt = new();
    private readonly PendingChange change = New(Guid.NewGuid(), 0);

    public void Dispose()
    {
        leaving.Dispose();
        attempt.Dispose();
    }

    [Test]
    public async Task Wait_returns_the_outcome()
    {
        var waiting = WaitAsync();

        change.IsAbandoned.ShouldBeFalse();
        change.Succeed(Outcome);

        (await waiting).ShouldBe(Outcome);
    }

    [Test]
    public void Change_that_has_its_outcome_is_abandoned_and_no_attempt_may_take_it()
    {
        change.Succeed(Outcome);

        change.IsAbandoned.ShouldBeTrue();
        change.TryTake(attempt).ShouldBeFalse();
    }

    [Test]
    public async Task Attempt_that_was_given_up_may_not_take_a_change_and_another_may()
    {
        await attempt.CancelAsync();

        change.TryTake(attempt).ShouldBeFalse();
        using var next = new CancellationTokenSource();
        change.TryTake(next).ShouldBeTrue();
    }

    [Test]
    public async Task Wait_that_is_cancelled_before_the_change_is_taken_ends_at_once_and_no_attempt_may_take_it()
    {
        var waiting = WaitAsync();

        await leaving.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting.WaitAsync(Limit));
        change.IsAbandoned.ShouldBeTrue();
        change.TryTake(attempt).ShouldBeFalse();
    }

    [Test]
    public async Task Wait_that_is_cancelled_while_the_change_is_being_stored_returns_its_outcome()
    {
        var waiting = WaitAsync();
        change.TryTake(attempt).ShouldBeTrue();

        await leaving.CancelAsync();
        waiting.IsCompleted.ShouldBeFalse();
        change.Succeed(Outcome);

        (await waiting.WaitAsync(Limit)).ShouldBe(Outcome);
        attempt.IsCancellationRequested.ShouldBeFalse();
    }

    [Test]
    public async Task Wait_that_is_cancelled_cancels_an_attempt_that_does_not_end_soon()
    {
        var waiting = WaitAsync(Short);
        change.TryTake(attempt);
        await using var ending = attempt.Token.Register(() => change.Succeed(Outcome));

        await leaving.CancelAsync();

        (await waiting.WaitAsync(Limit)).ShouldBe(Outcome);
        attempt.IsCancellationRequested.ShouldBeTrue();
    }

    [Test]
    public async Task Wait_for_an_attempt_that_does_not_end_at_all_fails()
    {
        var waiting = WaitAsync(Short);
        change.TryTake(attempt);

        await leaving.CancelAsync();

        await Should.ThrowAsync<UnavailableException>(() => waiting.WaitAsync(Limit));
    }

    [Test]
    public void Changes_are_ordered_by_their_row_and_then_by_their_arrival()
    {
        var ids = new[] { Guid.NewGuid(), Guid.NewGuid() }.Order().ToList();
        var changes = new List<PendingChange> { New(ids[1], 1), New(ids[0], 3), New(ids[1], 0), New(ids[0], 2) };

        changes.Sort(PendingChange.CompareByRow);

        changes.Select(one => (one.Id, one.EnqueuedAt)).ShouldBe([(ids[0], 2), (ids[0], 3), (ids[1], 0), (ids[1], 1)]);
    }

    private static PendingChange New(Guid id, long enqueuedAt) =>
        new(id, _ => true, new Caller("project", "actor", "req-1"), new ConfigReferences(RequireExisting: false), enqueuedAt);

    private Task<ChangeOutcome> WaitAsync(TimeSpan? stop = null) => change.WaitAsync(stop ?? Limit, TimeProvider.System, leaving.Token);
}
