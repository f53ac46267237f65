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
        // The first deployment was changed last.
        var rows = ServerState.Read([Event(1, 2, config: "b"), Event(3, 1, config: "b"), Event(2, 1, config: "a"), Event(1, 1, config: "b")], new ConfigNames());

        rows.Select(row => (row.Id, row.Config.Label, row.IsPast)).ShouldBe([(Id(3), "b", false), (Id(2), "a", false), (Id(1), "b", true)]);
    }

    [Test]
    public void Deleted_deployment_is_neither_present_nor_past() =>
        ServerState.Read([Event(1, 3, type: FeedEventType.Deleted), Event(1, 2), Event(1, 1)], new ConfigNames()).ShouldBeEmpty();

    [Test]
    public void Status_is_dated_from_the_first_of_the_newest_events_that_have_it()
    {
        FeedEvent[] newestFirst =
        [
            Event(1, 4, DeploymentStatus.Failed),
            Event(1, 3, DeploymentStatus.Failed),
            Event(1, 2, DeploymentStatus.InProgress),
            Event(1, 1, DeploymentStatus.Failed),
        ];

        var row = ServerState.Read(newestFirst, new ConfigNames()).ShouldHaveSingleItem();

        (row.Status, row.Since).ShouldBe((DeploymentStatus.Failed, Start.AddMinutes(3)));
    }

    [TestCase("agent", "creator")]
    [TestCase("deadline", "creator")]
    [TestCase("operator", "operator")]
    [TestCase("user:agent", "user:agent")]
    public void Requester_is_who_asked_last(string lastActor, string expected) =>
        ServerState.Read([Event(1, 2, actor: lastActor), Event(1, 1, actor: "creator")], new ConfigNames()).ShouldHaveSingleItem().RequestedBy.ShouldBe(expected);

    [Test]
    public void Without_the_event_of_who_asked_nobody_is_named() =>
        ServerState.Read([Event(1, 2, actor: "agent")], new ConfigNames()).ShouldHaveSingleItem().RequestedBy.ShouldBeNull();

    private static Guid Id(int deployment) => Guid.Parse($"00000000-0000-7000-8000-00000000000{deployment}");

    private static FeedEvent Event(
        int deployment,
        int version,
        DeploymentStatus status = DeploymentStatus.Complete,
        string config = "config",
        string actor = "creator",
        FeedEventType type = FeedEventType.Changed) => new()
        {
            Type = type,
            DeploymentId = Id(deployment),
            Version = version,
            Time = Start.AddMinutes(version),
            ServerId = "server",
            ConfigId = config,
            Action = null,
            Status = status,
            StatusReason = null,
            Actor = actor,
            RequestId = "req",
        };
}
