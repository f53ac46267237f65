using System.Diagnostics;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>An agent that waits for another document.</summary>
public sealed class AgentWaitTests
{
    private const string IfNoneMatch = "If-None-Match";

    /// <summary>The longest wait: a response that comes sooner was not held to its end.</summary>
    private static readonly TimeSpan HeldTime = TimeSpan.FromSeconds(50);

    [Test]
    public async Task Wait_without_an_entity_tag_and_with_another_one_is_answered_at_once()
    {
        var agent = await Agent.CreateAsync(new Project());
        var elapsed = Stopwatch.StartNew();

        (await agent.ReadAsync("?wait=50")).ShouldBeOk();
        (await agent.ReadAsync("?wait=50", (IfNoneMatch, "\"other\""))).ShouldBeOk();

        elapsed.Elapsed.ShouldBeLessThan(HeldTime);
    }

    [Test]
    public async Task Wait_ends_with_304_when_the_time_is_up()
    {
        var agent = await Agent.CreateAsync(new Project());
        var tag = (await agent.ReadAsync()).EntityTag;

        var elapsed = Stopwatch.StartNew();
        var response = await agent.ReadAsync("?wait=1", (IfNoneMatch, tag));

        elapsed.Elapsed.ShouldBeInRange(TimeSpan.FromSeconds(1), HeldTime);
        response.Status.ShouldBe(HttpStatusCode.NotModified);
        response.EntityTag.ShouldBe(tag);
    }

    [TestCase("?wait=0", "\"a\"", "wait")]
    [TestCase("?wait=51", "\"a\"", "wait")]
    [TestCase("?wait=x", "\"a\"", "wait")]
    [TestCase("?wait=1", "*", IfNoneMatch)]
    [TestCase("?wait=1", "nonsense", IfNoneMatch)]
    [TestCase("?waiting=1", "\"a\"", "waiting")]
    public async Task Wait_that_is_invalid_returns_400(string query, string tag, string field) =>
        (await (await Agent.CreateAsync(new Project())).ReadAsync(query, (IfNoneMatch, tag))).ShouldBeError(HttpStatusCode.BadRequest, field);

    [Test]
    public async Task Wait_ends_when_the_document_changes_on_another_instance_and_not_before()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        var id = (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s"}""")).Id;
        var agent = await Agent.CreateAsync(project, service: service);
        var known = await agent.ReadAsync();

        var held = agent.ReadAsync("?wait=50", (IfNoneMatch, known.EntityTag));
        await WaitUntilHeldAsync(service, 1);
        (await project.UpdateAsync(id, """{"status": "COMPLETE"}""")).ShouldBeOk();
        (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "another"}""")).ShouldBeOk();
        held.IsCompleted.ShouldBeFalse();
        var added = (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s"}""")).Id;

        var response = (await held).ShouldBeOk();
        response.EntityTag.ShouldNotBe(known.EntityTag);
        response.Json.GetProperty("deployments").EnumerateArray().Select(item => item.GetProperty("id").GetString()).ShouldBe([id, added]);

        held = agent.ReadAsync("?wait=50", (IfNoneMatch, response.EntityTag));
        await WaitUntilHeldAsync(service, 1);
        (await project.DeleteAsync(added)).ShouldBeGone();
        (await held).ShouldBeOk().EntityTag.ShouldBe(known.EntityTag);
    }

    [Test]
    public async Task Wait_ends_with_404_when_the_agent_is_revoked_on_any_instance()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project();
        var agents = new[] { await Agent.CreateAsync(project, service: service), await Agent.CreateAsync(project, service: TestRun.Service) };
        agents[0].Address.ShouldBe(agents[1].Address);
        var tags = await Task.WhenAll(agents.Select(async agent => (await agent.ReadAsync()).EntityTag)); // each instance has its own base
        var other = await Agent.CreateAsync(project, "other", service);

        var held = agents.Zip(tags, (agent, tag) => agent.ReadAsync("?wait=50", (IfNoneMatch, tag))).ToList();
        var unconcerned = other.ReadAsync("?wait=50", (IfNoneMatch, (await other.ReadAsync()).EntityTag));
        await WaitUntilHeldAsync(service, 2);
        await WaitUntilHeldAsync(TestRun.Service, 1);
        var elapsed = Stopwatch.StartNew();
        (await project.RevokeAgentAsync("s")).ShouldBeGone();

        foreach (var response in await Task.WhenAll(held))
        {
            response.ShouldBeError(HttpStatusCode.NotFound);
        }

        elapsed.Elapsed.ShouldBeLessThan(HeldTime / 2);
        unconcerned.IsCompleted.ShouldBeFalse();
        (await project.RevokeAgentAsync("other")).ShouldBeGone();
        (await unconcerned).ShouldBeError(HttpStatusCode.NotFound);
    }

    /// <summary>As if the instance that revokes it died before its notification.</summary>
    [Test]
    public async Task Wait_ends_with_404_when_the_agent_was_deleted_without_a_notification()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project();
        var agent = await Agent.CreateAsync(project, service: service);
        var tag = (await agent.ReadAsync()).EntityTag;

        var held = agent.ReadAsync("?wait=50", (IfNoneMatch, tag));
        await WaitUntilHeldAsync(service, 1);
        var elapsed = Stopwatch.StartNew();
        await using var delete = TestRun.Database.CreateCommand("DELETE FROM agents WHERE project_id = $1");
        delete.Parameters.Add(new() { Value = project.Id });
        await delete.ExecuteNonQueryAsync();

        (await held).ShouldBeError(HttpStatusCode.NotFound);
        elapsed.Elapsed.ShouldBeLessThan(HeldTime / 2);
    }

    [Test]
    public async Task Wait_ends_with_304_at_shutdown_and_counts_toward_the_limit()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MaxWaiting"] = "1" });
        var agent = await Agent.CreateAsync(new Project(service), service: service);
        var tag = (await agent.ReadAsync()).EntityTag;

        var held = agent.ReadAsync("?wait=50", (IfNoneMatch, tag));
        await WaitUntilHeldAsync(service, 1);
        (await agent.ReadAsync("?wait=50", (IfNoneMatch, tag))).ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        service.Lifetime.StopApplication();

        (await held).Status.ShouldBe(HttpStatusCode.NotModified);
    }

    private static async Task WaitUntilHeldAsync(Service service, int count)
    {
        while (service.Waiting < count)
        {
            await Task.Delay(10);
        }
    }
}
