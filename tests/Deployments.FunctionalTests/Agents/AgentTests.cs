using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>Creating and revoking the agent of a server.</summary>
public sealed class AgentTests
{
    private const string Server = """{"server_id": "s"}""";

    private static IEnumerable<TestCaseData> Tokens =>
    [
        Case("another project's", token => token with { Project = "another" }),
        Case("a reader's", token => token with { Roles = ["reader"] }),
        Case("a stack user's", token => token with { Roles = ["heat_stack_user"] }),
    ];

    [Test]
    public async Task Create_agent_returns_its_server_its_address_and_its_times()
    {
        var project = new Project();

        var response = await project.CreateAgentAsync("""{"server_id": "a server/ü", "tenant_id": "ignored"}""");

        response.ShouldBeOk().Json.EnumerateObject().Select(member => member.Name).ShouldBe(["agent"]);
        var agent = response.Json.GetProperty("agent");
        agent.EnumerateObject().Select(member => member.Name).ShouldBe(["server_id", "metadata_url", "creation_time", "last_seen"]);
        agent.GetProperty("server_id").GetString().ShouldBe("a server/ü");
        agent.GetProperty("metadata_url").GetString()!.ShouldMatch(
            $"^{TestRun.Service.Address.GetLeftPart(UriPartial.Authority)}/agents/{project.Id}/[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}/[A-Za-z0-9_-]{{43}}$");
        agent.GetProperty("creation_time").GetString()!.ShouldMatch("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$");
        agent.GetProperty("last_seen").GetRawText().ShouldBe("null");
        response.Headers["Cache-Control"].ShouldBe("no-store");
    }

    [Test]
    public async Task Create_agent_again_and_at_once_returns_the_same_agent()
    {
        var project = new Project();

        var created = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => project.CreateAgentAsync(Server)));
        var again = await project.CreateAgentAsync(Server);
        var other = await project.CreateAgentAsync("""{"server_id": "S"}""");

        created.ShouldAllBe(response => response.ShouldBeOk().Text == again.Text);
        other.Text.ShouldNotBe(again.Text);
        (await new Project().CreateAgentAsync(Server)).ShouldBeOk().Text.ShouldNotBe(again.Text);
    }

    [TestCase("{}")]
    [TestCase("""{"server_id": null}""")]
    [TestCase("""{"server_id": " "}""")]
    [TestCase("""{"server_id": 7}""")]
    [TestCase("""{"server_id": "a\u0000"}""")]
    public async Task Create_agent_with_an_invalid_server_returns_400(string json) =>
        (await new Project().CreateAgentAsync(json)).ShouldBeError(HttpStatusCode.BadRequest, "server_id");

    [Test]
    public async Task Create_agent_of_a_server_id_with_255_characters_returns_200_and_with_256_returns_400()
    {
        var project = new Project();

        (await project.CreateAgentAsync($$"""{"server_id": "{{new string('s', 255)}}"}""")).ShouldBeOk();
        (await project.CreateAgentAsync($$"""{"server_id": "{{new string('s', 256)}}"}""")).ShouldBeError(HttpStatusCode.BadRequest, "server_id");
    }

    [TestCaseSource(nameof(Tokens))]
    public async Task Create_and_revoke_agent_without_permission_return_403(Func<string, string> makeToken)
    {
        var project = new Project();
        (await project.CreateAgentAsync(Server)).ShouldBeOk();
        var create = Requests.Make(HttpMethod.Post, $"/v1/{project.Id}/agents", ("X-Auth-Token", makeToken(project.Id)));
        create.Content = Requests.Body(Server);

        (await TestRun.Service.SendAsync(create)).ShouldBeError(HttpStatusCode.Forbidden);
        (await TestRun.Service.SendAsync(Requests.Make(HttpMethod.Delete, $"/v1/{project.Id}/agents/s", ("X-Auth-Token", makeToken(project.Id)))))
            .ShouldBeError(HttpStatusCode.Forbidden);
        (await project.RevokeAgentAsync("s")).ShouldBeGone();
    }

    [Test]
    public async Task Create_and_revoke_agent_return_404_with_a_reason_when_no_key_is_configured()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:AgentKeys"] = string.Empty });
        var agent = await Agent.CreateAsync(new Project());
        var project = new Project(service);

        var created = await project.CreateAgentAsync(Server);
        var revoked = await project.RevokeAgentAsync("s");

        created.ShouldBeError(HttpStatusCode.NotFound).Json.GetProperty("detail").GetString()!.ShouldContain("Deployments:AgentKeys:0");
        revoked.ShouldBeError(HttpStatusCode.NotFound).Json.GetProperty("detail").GetString()!.ShouldContain("Deployments:AgentKeys:0");
        (await (agent with { Service = service }).ReadAsync()).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Create_agent_in_Development_needs_no_settings()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string>(Token.SigningKeys) { ["environment"] = "Development", ["Deployments:AgentKeys"] = string.Empty });
        var project = new Project(service);

        var agent = await Agent.CreateAsync(project, service: service);

        (await agent.ReadItemsAsync()).ShouldBeEmpty();
    }

    [Test]
    public async Task Addresses_begin_with_the_public_address_if_one_is_configured([Values("https://example.org/heat", "https://example.org/heat/")] string publicUrl)
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:PublicUrl"] = publicUrl });
        var project = new Project(service);
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateBatchAsync(Enumerable.Repeat($$"""{"config_id": "{{config}}", "server_id": "s"}""", 2));

        var agent = await Agent.CreateAsync(project, service: service);
        var behindProxy = agent with { Address = agent.Address.Replace("/heat", string.Empty, StringComparison.Ordinal) };
        var document = (await behindProxy.ReadAsync()).ShouldBeOk().Json;
        var page = await project.ListAsync("?limit=1");
        var versions = await service.GetAsync("/");

        agent.Address.ShouldStartWith($"https://example.org/heat/agents/{project.Id}/");
        document.GetProperty("os-collect-config").GetProperty("request").GetProperty("metadata_url").GetString().ShouldBe(agent.Address);
        Agent.SignalAddress(document.GetProperty("deployments")[0]).ShouldStartWith($"https://example.org/heat/signals/{project.Id}/");
        page.Next.ShouldStartWith($"https://example.org/heat{project.Path}?limit=1&marker=");
        versions.Text.ShouldContain("\"https://example.org/heat/v1/\"");
    }

    [Test]
    public async Task Revoke_agent_ends_its_addresses_and_the_next_agent_has_others()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        var deployment = (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s"}""")).Id;
        var agent = await Agent.CreateAsync(project);
        var signal = Agent.SignalAddress((await agent.ReadItemsAsync()).Single());

        (await project.RevokeAgentAsync("s")).ShouldBeGone();

        (await agent.ReadAsync()).ShouldBeError(HttpStatusCode.NotFound);
        (await agent.SignalAsync(signal, "{}")).ShouldBeError(HttpStatusCode.NotFound);
        (await project.GetAsync(deployment)).Deployment.GetProperty("status").GetString().ShouldBe("IN_PROGRESS");
        (await project.RevokeAgentAsync("s")).ShouldBeError(HttpStatusCode.NotFound);

        var next = await Agent.CreateAsync(project);
        next.Id.ShouldNotBe(agent.Id);
        next.Mac.ShouldNotBe(agent.Mac);
        (await agent.ReadAsync()).ShouldBeError(HttpStatusCode.NotFound);
        (await next.SignalAsync("{}")).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [TestCase("a/b", "a/b")]
    [TestCase("a/b", "a%2Fb")]
    [TestCase("a%2Fb", "a%252Fb")]
    [TestCase("a//b/", "a//b/")]
    [TestCase("agents/a", "agents/a")]
    [TestCase("日本 é", "%E6%97%A5%E6%9C%AC%20%C3%A9")]
    public async Task Revoke_agent_decodes_the_server_id_once(string server, string inPath)
    {
        var project = new Project();
        var agent = await Agent.CreateAsync(project, server);

        (await project.RevokeAgentAsync(inPath)).ShouldBeGone();

        (await agent.ReadAsync()).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Revoke_agent_in_a_project_named_agents_returns_204()
    {
        var project = new Project(id: "agents");
        var server = Guid.NewGuid().ToString();
        await Agent.CreateAsync(project, server);

        (await project.RevokeAgentAsync(server)).ShouldBeGone();
    }

    [Test]
    public async Task Revoke_agent_without_a_server_returns_405_and_of_another_project_404()
    {
        var project = new Project();
        await Agent.CreateAsync(project);

        (await project.SendAsync(HttpMethod.Delete, $"/v1/{project.Id}/agents")).ShouldBeError(HttpStatusCode.MethodNotAllowed).Headers["Allow"].ShouldBe("POST");
        (await new Project().RevokeAgentAsync("s")).ShouldBeError(HttpStatusCode.NotFound);
        (await project.RevokeAgentAsync("s")).ShouldBeGone();
    }

    [Test]
    public async Task Revoke_agent_whose_database_response_is_lost_returns_204()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        await Agent.CreateAsync(project, service: service);

        proxy.LoseResponseTo("DELETE FROM agents");
        var response = await project.RevokeAgentAsync("s");

        proxy.LostResponses.ShouldBe(1);
        response.ShouldBeGone();
    }

    [Test]
    public async Task Revoke_agent_that_does_not_exist_and_whose_database_response_is_lost_returns_404()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);

        proxy.LoseResponseTo("FROM agents");
        var response = await new Project(service).RevokeAgentAsync("s");

        proxy.LostResponses.ShouldBe(1);
        response.ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Create_agent_whose_database_response_is_lost_returns_the_agent_that_was_stored()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);

        proxy.LoseResponseTo("INSERT INTO agents");
        var created = await project.CreateAgentAsync(Server);

        proxy.LostResponses.ShouldBe(1);
        (await project.CreateAgentAsync(Server)).ShouldBeOk().Text.ShouldBe(created.ShouldBeOk().Text);
    }

    [Test]
    public async Task Create_agent_whose_database_response_is_lost_and_whose_agent_is_revoked_meanwhile_returns_another_agent()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        Guid? revoked = null;

        proxy.LoseResponseTo("INSERT INTO agents", meanwhile: () => revoked = Revoke(project));
        var agent = await Agent.CreateAsync(project, service: service);

        proxy.LostResponses.ShouldBe(1);
        revoked.ShouldNotBeNull();
        agent.Id.ShouldNotBe($"{revoked}");
    }

    [Test]
    public async Task Agent_was_last_seen_when_it_read_its_document()
    {
        var project = new Project();
        var before = DateTimeOffset.UtcNow.AddMinutes(-1);
        await Agent.CreateAsync(project, "unseen");
        await using (var service = await Service.StartReadyAsync(TestRun.ConnectionString))
        {
            (await (await Agent.CreateAsync(project, "reads")).ReadOnAsync(service, HttpMethod.Get)).ShouldBeOk();
            (await (await Agent.CreateAsync(project, "looks")).ReadOnAsync(service, HttpMethod.Head)).ShouldBeOk();
        }

        foreach (var server in new[] { "reads", "looks" })
        {
            var seen = (await project.CreateAgentAsync($$"""{"server_id": "{{server}}"}""")).Json.GetProperty("agent").GetProperty("last_seen").GetDateTimeOffset();
            seen.Second.ShouldBe(0);
            seen.ShouldBeInRange(before, DateTimeOffset.UtcNow);
        }

        (await project.CreateAgentAsync("""{"server_id": "unseen"}""")).Text.ShouldContain("\"last_seen\":null");
    }

    private static Guid? Revoke(Project project)
    {
        using var delete = TestRun.Database.CreateCommand("DELETE FROM agents WHERE project_id = $1 RETURNING id");
        delete.Parameters.Add(new() { Value = project.Id });
        return (Guid?)delete.ExecuteScalar();
    }

    private static TestCaseData Case(string name, Func<Token, Token> change) =>
        new TestCaseData((Func<string, string>)(project => change(new Token(project)).ToString())).SetArgDisplayNames(name);
}
