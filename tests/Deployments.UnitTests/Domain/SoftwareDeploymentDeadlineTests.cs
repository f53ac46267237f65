using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class SoftwareDeploymentDeadlineTests
{
    private static readonly DateTimeOffset Created = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Created.AddHours(1);

    [TestCase(1)]
    [TestCase(SoftwareDeployment.MaxTimeout)]
    public void A_deadline_is_as_far_from_the_creation_as_the_timeout(int timeout)
    {
        var deployment = Make(DeploymentStatus.InProgress, timeout);

        deployment.Timeout.ShouldBe(timeout);
        deployment.Deadline.ShouldBe(Created.AddSeconds(timeout));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(SoftwareDeployment.MaxTimeout + 1)]
    public void A_timeout_out_of_range_cannot_be(int timeout)
    {
        Should.Throw<ArgumentOutOfRangeException>(() => Make(DeploymentStatus.InProgress, timeout));
        Should.Throw<ArgumentOutOfRangeException>(
            () => Make(DeploymentStatus.InProgress, null).Change(new DeploymentChanges { Timeout = timeout }, Now));
    }

    [TestCase(DeploymentStatus.Complete)]
    [TestCase(DeploymentStatus.Failed)]
    public void What_is_not_in_progress_has_none(DeploymentStatus status)
    {
        var deployment = Make(status, 60);

        deployment.Change(new DeploymentChanges { Timeout = 60 }, Now).ShouldBeFalse();

        deployment.Timeout.ShouldBeNull();
        deployment.Deadline.ShouldBeNull();
    }

    [TestCase(DeploymentStatus.Complete)]
    [TestCase(DeploymentStatus.Failed)]
    public void Leaving_progress_cancels_it_and_coming_back_does_not_arm_it(DeploymentStatus status)
    {
        var deployment = Make(DeploymentStatus.InProgress, 60);

        deployment.Change(new DeploymentChanges { Status = status, Timeout = 60 }, Now).ShouldBeTrue();
        deployment.Deadline.ShouldBeNull();
        deployment.Timeout.ShouldBeNull();

        deployment.Change(new DeploymentChanges { Status = DeploymentStatus.InProgress }, Now).ShouldBeTrue();
        deployment.Deadline.ShouldBeNull();
    }

    [Test]
    public void Coming_back_with_a_timeout_arms_it()
    {
        var deployment = Make(DeploymentStatus.Failed, null);

        deployment.Change(new DeploymentChanges { Status = DeploymentStatus.InProgress, Timeout = 60 }, Now).ShouldBeTrue();

        deployment.Deadline.ShouldBe(Now.AddSeconds(60));
    }

    [Test]
    public void Another_change_leaves_it_where_it_is()
    {
        var deployment = Make(DeploymentStatus.InProgress, 60);

        deployment.Change(new DeploymentChanges { StatusReason = "still at it" }, Now).ShouldBeTrue();

        deployment.Deadline.ShouldBe(Created.AddSeconds(60));
        deployment.Timeout.ShouldBe(60);
    }

    [Test]
    public void The_same_timeout_again_runs_anew_and_is_a_change()
    {
        var deployment = Make(DeploymentStatus.InProgress, 60);

        deployment.Change(new DeploymentChanges { Timeout = 60 }, Now).ShouldBeTrue();

        deployment.Deadline.ShouldBe(Now.AddSeconds(60));
        deployment.Version.ShouldBe(2);
    }

    private static SoftwareDeployment Make(DeploymentStatus status, int? timeout) =>
        new(Guid.NewGuid(), "project", "config", "server", Created, status, timeout: timeout);
}
