using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class SoftwareDeploymentDeadlineTests
{
    private static readonly DateTimeOffset Created = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Created.AddHours(1);
    private static readonly Guid Run = Guid.NewGuid();

    [TestCase(1)]
    [TestCase(SoftwareDeployment.MaxTimeout)]
    public void Deadline_is_the_timeout_after_the_creation(int timeout)
    {
        var deployment = Make(DeploymentStatus.InProgress, timeout);

        deployment.Timeout.ShouldBe(timeout);
        deployment.Deadline.ShouldBe(Created.AddSeconds(timeout));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(SoftwareDeployment.MaxTimeout + 1)]
    public void Timeout_out_of_range_throws(int timeout)
    {
        Should.Throw<ArgumentOutOfRangeException>(() => Make(DeploymentStatus.InProgress, timeout));
        Should.Throw<ArgumentOutOfRangeException>(
            () => Make(DeploymentStatus.InProgress, null).Change(new DeploymentChanges { NewRunId = Run, Timeout = timeout }, Now));
    }

    [TestCase(DeploymentStatus.Complete)]
    [TestCase(DeploymentStatus.Failed)]
    public void Deployment_that_is_not_in_progress_has_no_deadline(DeploymentStatus status)
    {
        var deployment = Make(status, 60);

        deployment.Change(new DeploymentChanges { NewRunId = Run, Timeout = 60 }, Now).ShouldBeFalse();

        deployment.Timeout.ShouldBeNull();
        deployment.Deadline.ShouldBeNull();
    }

    [TestCase(DeploymentStatus.Complete)]
    [TestCase(DeploymentStatus.Failed)]
    public void Change_to_another_status_removes_the_deadline_and_IN_PROGRESS_does_not_restore_it(DeploymentStatus status)
    {
        var deployment = Make(DeploymentStatus.InProgress, 60);

        deployment.Change(new DeploymentChanges { NewRunId = Run, Status = status, Timeout = 60 }, Now).ShouldBeTrue();
        deployment.Deadline.ShouldBeNull();
        deployment.Timeout.ShouldBeNull();

        deployment.Change(new DeploymentChanges { NewRunId = Run, Status = DeploymentStatus.InProgress }, Now).ShouldBeTrue();
        deployment.Deadline.ShouldBeNull();
    }

    [Test]
    public void Change_to_IN_PROGRESS_with_a_timeout_sets_a_deadline()
    {
        var deployment = Make(DeploymentStatus.Failed, null);

        deployment.Change(new DeploymentChanges { NewRunId = Run, Status = DeploymentStatus.InProgress, Timeout = 60 }, Now).ShouldBeTrue();

        deployment.Deadline.ShouldBe(Now.AddSeconds(60));
    }

    [Test]
    public void Change_of_another_field_keeps_the_deadline()
    {
        var deployment = Make(DeploymentStatus.InProgress, 60);

        deployment.Change(new DeploymentChanges { NewRunId = Run, StatusReason = "still at it" }, Now).ShouldBeTrue();

        deployment.Deadline.ShouldBe(Created.AddSeconds(60));
        deployment.Timeout.ShouldBe(60);
    }

    [Test]
    public void Change_to_the_same_timeout_sets_a_new_deadline()
    {
        var deployment = Make(DeploymentStatus.InProgress, 60);

        deployment.Change(new DeploymentChanges { NewRunId = Run, Timeout = 60 }, Now).ShouldBeTrue();

        deployment.Deadline.ShouldBe(Now.AddSeconds(60));
        deployment.Version.ShouldBe(2);
    }

    private static SoftwareDeployment Make(DeploymentStatus status, int? timeout) =>
        new(Guid.NewGuid(), "project", "config", "server", Created, status, timeout: timeout);
}
