using Deployments.Client;
using Deployments.WebConsole.Pages;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.WebConsole;

public sealed class ServerStateTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);

    [Test]
    public void Newest_deployment_of_each_configuration_is_present_and_the_others_are_past()
    {
        var rows = ServerState.Read([Deployment("b"), Deployment("a"), Deployment("b")], [], new ConfigNames());

        rows.Select(row => (row.Config.Label, row.IsPast)).ShouldBe([("b", false), ("a", false), ("b", true)]);
    }

    [Test]
    public void Status_is_dated_from_the_first_of_the_newest_events_that_have_it()
    {
        var deployment = Deployment("a", DeploymentStatus.Failed);
        FeedEvent[] newestFirst =
        [
            Event(deployment, 4, DeploymentStatus.Failed, "somebody"),
            Event(deployment, 3, DeploymentStatus.Failed, "deadline"),
            Event(deployment, 2, DeploymentStatus.InProgress, "operator"),
            Event(deployment, 1, DeploymentStatus.Failed, "creator"),
        ];

        ServerState.Read([deployment], newestFirst, new ConfigNames()).ShouldHaveSingleItem().Since.ShouldBe(Start.AddMinutes(3));
    }

    [TestCase("agent", "creator")]
    [TestCase("deadline", "creator")]
    [TestCase("operator", "operator")]
    [TestCase("user:agent", "user:agent")]
    public void Requester_is_who_asked_last(string lastActor, string expected)
    {
        var deployment = Deployment("a");
        FeedEvent[] newestFirst = [Event(deployment, 2, DeploymentStatus.Complete, lastActor), Event(deployment, 1, DeploymentStatus.InProgress, "creator")];

        ServerState.Read([deployment], newestFirst, new ConfigNames()).ShouldHaveSingleItem().RequestedBy.ShouldBe(expected);
    }

    [Test]
    public void Without_events_the_deployments_own_time_is_taken_and_nobody_is_named()
    {
        var row = ServerState.Read([Deployment("a")], [], new ConfigNames()).ShouldHaveSingleItem();

        (row.Since, row.RequestedBy).ShouldBe((Start, null));
    }

    private static SoftwareDeployment Deployment(string config, DeploymentStatus status = DeploymentStatus.Complete) => new()
    {
        Id = Guid.NewGuid(),
        ConfigId = config,
        ServerId = "server",
        Action = null,
        InputValues = null,
        OutputValues = null,
        Status = status,
        StatusReason = null,
        CreationTime = Start,
    };

    private static FeedEvent Event(SoftwareDeployment deployment, int version, DeploymentStatus status, string actor) => new()
    {
        Type = version == 1 ? FeedEventType.Created : FeedEventType.Changed,
        DeploymentId = deployment.Id,
        Version = version,
        Time = Start.AddMinutes(version),
        ServerId = deployment.ServerId,
        ConfigId = deployment.ConfigId,
        Action = null,
        Status = status,
        StatusReason = null,
        Actor = actor,
        RequestId = "req",
    };
}
