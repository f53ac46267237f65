using Deployments.Domain.Agents;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public sealed class AgentTests
{
    private static readonly DateTimeOffset Created = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);

    [Test]
    public void Constructor_keeps_every_field_and_cuts_the_time_to_microseconds()
    {
        var id = Guid.NewGuid();

        var agent = new Agent(id, "project", "server/1", Created.AddTicks(19));

        (agent.Id, agent.ProjectId, agent.ServerId).ShouldBe((id, "project", "server/1"));
        (agent.CreationTime, agent.LastSeen).ShouldBe((Created.AddTicks(10), null));
    }

    [TestCase("", "server", "projectId")]
    [TestCase("project", "", "serverId")]
    [TestCase("project", " ", "serverId")]
    public void Constructor_without_a_project_or_server_throws(string projectId, string serverId, string field) =>
        Should.Throw<ArgumentException>(() => new Agent(Guid.NewGuid(), projectId, serverId, Created)).ParamName.ShouldBe(field);

    [Test]
    public void Constructor_accepts_a_server_of_255_characters_and_throws_beyond()
    {
        var longest = new string('s', 255);

        new Agent(Guid.NewGuid(), "project", longest, Created).ServerId.ShouldBe(longest);
        Should.Throw<ArgumentException>(() => new Agent(Guid.NewGuid(), "project", longest + 's', Created)).ParamName.ShouldBe("serverId");
    }
}
