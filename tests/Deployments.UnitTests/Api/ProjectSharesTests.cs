using Deployments.Api.Hosting;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProjectSharesTests
{
    private readonly ProjectShares shares = new(capacity: 8);

    [Test]
    public void Take_by_a_project_alone_succeeds_up_to_half()
    {
        shares.TryTake("a", 4).ShouldBeTrue();
        shares.TryTake("a", 1).ShouldBeFalse();
    }

    [Test]
    public void Take_leaves_room_for_every_other_project()
    {
        shares.TryTake("a", 4).ShouldBeTrue();
        shares.TryTake("b", 2).ShouldBeTrue();
        shares.TryTake("b", 1).ShouldBeFalse();
        shares.TryTake("c", 1).ShouldBeTrue();
    }

    [Test]
    public void Take_after_a_return_has_what_was_returned()
    {
        shares.TryTake("a", 4).ShouldBeTrue();
        shares.Return("a", 1);

        shares.TryTake("a", 2).ShouldBeFalse();
        shares.TryTake("a", 1).ShouldBeTrue();
    }
}
