using Deployments.Domain.SoftwareConfigs;
using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

/// <summary>Times are kept to the microsecond, as PostgreSQL keeps them.</summary>
public class MicrosecondTests
{
    private static readonly DateTimeOffset Cut = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero).AddMicroseconds(999_999);
    private static readonly DateTimeOffset Exact = Cut.AddTicks(9);

    [Test]
    public void Creation_cuts_its_times_to_microseconds()
    {
        var deployment = Deployment(timeout: 60);

        deployment.CreationTime.ShouldBe(Cut);
        deployment.ChangedTime.ShouldBe(Cut);
        deployment.Deadline.ShouldBe(Cut.AddSeconds(60));
        new SoftwareConfig(Guid.NewGuid(), "project", Exact).CreationTime.ShouldBe(Cut);
    }

    [Test]
    public void Change_cuts_its_times_to_microseconds()
    {
        var deployment = Deployment(timeout: null);

        deployment.Change(new() { NewRunId = Guid.NewGuid(), Timeout = 60 }, Exact.AddHours(1)).ShouldBeTrue();

        deployment.UpdatedTime.ShouldBe(Cut.AddHours(1));
        deployment.ChangedTime.ShouldBe(Cut.AddHours(1));
        deployment.Deadline.ShouldBe(Cut.AddHours(1).AddSeconds(60));
    }

    [Test]
    public void Expiry_cuts_its_time_to_microseconds()
    {
        var deployment = Deployment(timeout: 60);

        deployment.Expire(Exact.AddHours(1)).ShouldBeTrue();

        deployment.UpdatedTime.ShouldBe(Cut.AddHours(1));
    }

    private static SoftwareDeployment Deployment(int? timeout) =>
        new(Guid.NewGuid(), "project", "config", "server", Exact, timeout: timeout);
}
