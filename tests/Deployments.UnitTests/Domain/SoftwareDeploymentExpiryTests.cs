using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public sealed class SoftwareDeploymentExpiryTests
{
    private static readonly DateTimeOffset Created = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Test]
    public void Expire_at_the_deadline_fails_the_deployment_and_cancels_the_timeout()
    {
        var deployment = Create(DeploymentStatus.InProgress, timeout: 60);

        deployment.Expire(Created.AddSeconds(60)).ShouldBeTrue();

        (deployment.Status, deployment.StatusReason).ShouldBe((DeploymentStatus.Failed, "Timed out after 60 s"));
        (deployment.Timeout, deployment.Deadline).ShouldBe((null, null));
        (deployment.Version, deployment.UpdatedTime).ShouldBe((2, Created.AddSeconds(60)));
    }

    [Test]
    public void Expire_before_the_deadline_changes_nothing() =>
        ShouldNotExpire(Create(DeploymentStatus.InProgress, timeout: 60), Created.AddSeconds(59.999));

    [Test]
    public void Expire_without_a_timeout_changes_nothing() =>
        ShouldNotExpire(Create(DeploymentStatus.InProgress, timeout: null), Created.AddYears(1));

    [Test]
    public void Expire_of_a_finished_deployment_changes_nothing()
    {
        var deployment = Create(DeploymentStatus.InProgress, timeout: 60);
        deployment.Change(new DeploymentChanges { NewRunId = Guid.NewGuid(), Status = DeploymentStatus.Complete }, Created);

        ShouldNotExpire(deployment, Created.AddYears(1));
    }

    [Test]
    public void Expire_happens_once()
    {
        var deployment = Create(DeploymentStatus.InProgress, timeout: 60);
        deployment.Expire(Created.AddSeconds(60));

        ShouldNotExpire(deployment, Created.AddSeconds(61));
    }

    private static SoftwareDeployment Create(DeploymentStatus status, int? timeout) =>
        new(Guid.NewGuid(), "project", "config", "server", Created, status, timeout: timeout);

    private static void ShouldNotExpire(SoftwareDeployment deployment, DateTimeOffset now)
    {
        var before = (deployment.Version, deployment.Status, deployment.StatusReason, deployment.UpdatedTime, deployment.Deadline);

        deployment.Expire(now).ShouldBeFalse();

        (deployment.Version, deployment.Status, deployment.StatusReason, deployment.UpdatedTime, deployment.Deadline).ShouldBe(before);
    }
}
