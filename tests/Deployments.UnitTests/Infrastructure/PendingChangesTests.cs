using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PendingChangesTests
{
    private static readonly Guid Id = Guid.NewGuid();

    private readonly PendingChanges pending = new();

    [Test]
    public void Take_returns_the_own_change_first_and_then_the_others_in_their_order()
    {
        var changes = Add(4);

        pending.Take(Id, changes[2]).ShouldBe([changes[2], changes[0], changes[1], changes[3]]);
    }

    [Test]
    public void Take_leaves_changes_of_other_deployments()
    {
        var own = Add(1)[0];
        var other = New();
        pending.Add(Guid.NewGuid(), other);

        pending.Take(Id, own).ShouldBe([own]);
    }

    [Test]
    public void Take_returns_at_most_100_and_leaves_the_rest()
    {
        var changes = Add(130);

        pending.Take(Id, changes[0]).ShouldBe(changes[..100]);
        pending.Take(Id, changes[100]).ShouldBe(changes[100..]);
    }

    [Test]
    public void Take_of_a_change_that_is_stored_alone_returns_only_that()
    {
        var changes = Add(3);
        changes[1].IsAlone = true;

        pending.Take(Id, changes[1]).ShouldBe([changes[1]]);
    }

    [Test]
    public void Take_leaves_changes_that_are_stored_alone()
    {
        var changes = Add(3);
        changes[1].IsAlone = true;

        pending.Take(Id, changes[0]).ShouldBe([changes[0], changes[2]]);
        pending.Take(Id, changes[1]).ShouldBe([changes[1]]);
    }

    [Test]
    public void Return_puts_changes_before_those_that_came_later_in_their_order()
    {
        var taken = Add(2);
        pending.Take(Id, taken[0]);
        var late = Add(1)[0];

        pending.Return(Id, taken);

        pending.Take(Id, late).ShouldBe([late, taken[0], taken[1]]);
    }

    [Test]
    public void Remove_succeeds_once_and_not_for_a_change_that_was_taken()
    {
        var changes = Add(2);

        pending.Remove(Id, changes[0]).ShouldBeTrue();
        pending.Remove(Id, changes[0]).ShouldBeFalse();
        pending.Take(Id, changes[1]).ShouldBe([changes[1]]);
        pending.Remove(Id, changes[1]).ShouldBeFalse();
    }

    private static PendingChange New() =>
        new(_ => true, new Caller("project", "actor", "req-1"), new ConfigReferences(RequireExisting: false));

    private List<PendingChange> Add(int count)
    {
        var changes = Enumerable.Range(0, count).Select(_ => New()).ToList();
        changes.ForEach(change => pending.Add(Id, change));
        return changes;
    }
}
