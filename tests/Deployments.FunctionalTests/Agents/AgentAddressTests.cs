using System.Net;
using System.Security.Cryptography;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>Which addresses are good, and for what.</summary>
public sealed class AgentAddressTests
{
    private static IEnumerable<TestCaseData> Changes =>
    [
        Case("another first character of the mac", path => WithLastPart(path, mac => (mac[0] == 'A' ? 'B' : 'A') + mac[1..])),
        Case("another last character of the mac", path => WithLastPart(path, mac => mac[..^1] + (mac[^1] == 'A' ? 'B' : 'A'))),
        Case("the mac in other letters", path => WithLastPart(path, mac => string.Concat(mac.Select(letter => char.IsUpper(letter) ? char.ToLowerInvariant(letter) : char.ToUpperInvariant(letter))))),
        Case("the mac cut by a character", path => path[..^1]),
        Case("the mac without its last four characters", path => path[..^4]),
        Case("an empty mac", path => WithLastPart(path, _ => string.Empty)),
        Case("no mac", path => path[..path.LastIndexOf('/')]),
        Case("padding", path => path + "="),
        Case("a character more", path => path + "A"),
        Case("white space", path => path + "%20"),
        Case("what is not UTF-8", path => path + "%ff"),
        Case("a part more", path => path + "/a"),
        Case("another project", path => WithPart(path, 2, project => project + "0")),
        Case("the project in other letters", path => WithPart(path, 2, project => project.ToUpperInvariant())),
        Case("a project of spaces", path => WithPart(path, 2, _ => "%20")),
        Case("a long project", path => WithPart(path, 2, _ => new string('p', 5_000))),
        Case("another agent", path => WithPart(path, 3, _ => Guid.CreateVersion7().ToString())),
        Case("the agent in other letters", path => WithPart(path, 3, agent => agent.ToUpperInvariant())),
        Case("an agent that is not a UUID", path => WithPart(path, 3, _ => "agent")),
        Case("the agent without hyphens", path => WithPart(path, 3, agent => agent.Replace("-", string.Empty, StringComparison.Ordinal))),
        Case("no agent", path => WithPart(path, 3, _ => string.Empty)),
    ];

    [TestCaseSource(nameof(Changes))]
    public async Task Address_that_is_cut_or_changed_returns_404_without_a_statement(Func<string, string> change)
    {
        var (_, agent, signal) = await StartAsync();
        using var statements = new Statements();

        var document = await agent.ReadOnPathAsync(change(Agent.PathOf(agent.Address)), statements.Trace);
        var put = await agent.SignalAsync(change(Agent.PathOf(signal)), Requests.Body("{}"), HttpMethod.Put, statements.Trace);

        document.ShouldBeError(HttpStatusCode.NotFound);
        put.ShouldBeError(HttpStatusCode.NotFound);
        document.Headers.ShouldNotContainKey("WWW-Authenticate");
        foreach (var response in new[] { document, put })
        {
            response.Text.ShouldNotContain(agent.Mac);
            response.Text.ShouldNotContain(agent.Id);
        }

        statements.Captured.ShouldBeEmpty();
        (await agent.ReadItemsAsync()).ShouldHaveSingleItem();
    }

    /// <summary>The server itself refuses it, before it is an address.</summary>
    [Test]
    public async Task Address_with_NUL_returns_400_without_a_statement()
    {
        var (_, agent, signal) = await StartAsync();
        using var statements = new Statements();

        var document = await agent.ReadOnPathAsync($"{Agent.PathOf(agent.Address)}%00", statements.Trace);
        var put = await agent.SignalAsync($"{Agent.PathOf(signal)}%00", Requests.Body("{}"), HttpMethod.Put, statements.Trace);

        document.Status.ShouldBe(HttpStatusCode.BadRequest);
        put.Status.ShouldBe(HttpStatusCode.BadRequest);
        statements.Captured.ShouldBeEmpty();
    }

    [Test]
    public async Task Address_with_a_withdrawn_key_returns_404_without_a_statement()
    {
        var (project, agent, signal) = await StartAsync();
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:AgentKeys:0"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) });
        var withdrawn = agent with { Service = service };
        using var statements = new Statements();

        var responses = await Task.WhenAll(
            withdrawn.ReadAsync("", statements.Trace),
            withdrawn.ReadAsync("?wait=50", ("If-None-Match", "\"a\""), statements.Trace),
            withdrawn.SignalAsync(signal, Requests.Body("{}"), HttpMethod.Put, statements.Trace));

        responses.ShouldAllBe(response => response.Status == HttpStatusCode.NotFound);
        statements.Captured.ShouldBeEmpty();
    }

    [Test]
    public async Task Address_of_a_revoked_agent_returns_404_after_one_statement_that_changes_nothing()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString); // its reads wait with no others
        var (project, agent, signal) = await StartAsync(service);
        (await project.RevokeAgentAsync("s")).ShouldBeGone();
        Func<(string Name, string Value), Task<ApiResponse>>[] requests =
        [
            trace => agent.ReadAsync("", trace),
            trace => agent.ReadAsync("?wait=50", ("If-None-Match", "\"a\""), trace),
            trace => service.SendAsync(Requests.Make(HttpMethod.Head, Agent.PathOf(agent.Address), trace)),
            trace => agent.SignalAsync(signal, Requests.Body("{}"), HttpMethod.Put, trace),
            trace => agent.SignalAsync(signal, Requests.Body("{}"), HttpMethod.Post, trace),
        ];

        foreach (var send in requests)
        {
            using var statements = new Statements();
            (await send(statements.Trace)).Status.ShouldBe(HttpStatusCode.NotFound);
            statements.Captured.ShouldHaveSingleItem().ShouldStartWith("SELECT");
        }
    }

    [Test]
    public async Task Address_of_a_signal_with_another_deployment_or_run_returns_404()
    {
        var (_, agent, signal) = await StartAsync();

        foreach (var part in new[] { 4, 5 })
        {
            (await agent.SignalAsync(WithPart(Agent.PathOf(signal), part, _ => Guid.CreateVersion7().ToString()), "{}")).ShouldBeError(HttpStatusCode.NotFound);
        }
    }

    [Test]
    public async Task Address_of_one_purpose_with_the_mac_of_the_other_returns_404()
    {
        var (project, agent, signal) = await StartAsync();

        (await agent.ReadOnPathAsync($"/agents/{project.Id}/{agent.Id}/{signal.Split('/')[^1]}")).ShouldBeError(HttpStatusCode.NotFound);
        (await agent.SignalAsync(WithLastPart(Agent.PathOf(signal), _ => agent.Mac), "{}")).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Address_of_an_agent_in_another_project_returns_404()
    {
        var (_, agent, _) = await StartAsync();
        var other = await Agent.CreateAsync(new Project());

        (await agent.ReadOnPathAsync(WithPart(Agent.PathOf(agent.Address), 2, _ => other.Address.Split('/')[^3]))).ShouldBeError(HttpStatusCode.NotFound);
        (await agent.ReadOnPathAsync(WithLastPart(Agent.PathOf(agent.Address), _ => other.Mac))).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("/agents")]
    [TestCase("/agents/")]
    [TestCase("/signals/a/b")]
    [TestCase("/signals/a/b/c/d/e/f/g")]
    public async Task Path_that_begins_like_an_address_returns_404_without_a_token(string path)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Put, HttpMethod.Post, HttpMethod.Delete })
        {
            (await TestRun.Service.SendAsync(Requests.Make(method, path))).ShouldBeError(HttpStatusCode.NotFound);
        }
    }

    [TestCase("/agents/p/a/mac", "GET, HEAD", "POST")]
    [TestCase("/agents/p/a/mac", "GET, HEAD", "DELETE")]
    [TestCase("/signals/p/a/d/r/mac", "PUT, POST", "GET")]
    [TestCase("/signals/p/a/d/r/mac", "PUT, POST", "DELETE")]
    public async Task Address_with_another_method_returns_405_without_a_token(string path, string allowed, string method) =>
        (await TestRun.Service.SendAsync(Requests.Make(new HttpMethod(method), path)))
            .ShouldBeError(HttpStatusCode.MethodNotAllowed).Headers["Allow"].ShouldBe(allowed);

    [Test]
    public async Task Address_needs_no_token_and_ignores_one_that_is_not_valid()
    {
        var (_, agent, signal) = await StartAsync();

        (await agent.ReadAsync("", ("X-Auth-Token", "garbage"))).ShouldBeOk();
        (await agent.SignalAsync(signal, Requests.Body("{}"), HttpMethod.Put, ("X-Auth-Token", "garbage"))).ShouldBeGone();
    }

    [Test]
    public async Task Address_is_no_token_for_anything_else()
    {
        var (project, agent, _) = await StartAsync();

        (await TestRun.Service.GetAsync(project.Path, ("X-Auth-Token", agent.Mac))).ShouldBeUnauthorized();
        (await TestRun.Service.GetAsync(project.Path, ("Authorization", $"Bearer {agent.Address}"))).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Agent_over_its_rate_returns_429_to_it_alone()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string>(Token.SigningKeys)
            {
                ["Deployments:AgentRateLimit:PerSecond"] = "0.01",
                ["Deployments:AgentRateLimit:Burst"] = "2",
            });
        var (project, agent, signal) = await StartAsync(service);
        (await agent.ReadAsync()).ShouldBeOk();

        var document = await agent.ReadAsync();
        var put = await agent.SignalAsync(signal, "{}");
        var wrong = await agent.ReadOnPathAsync(Agent.PathOf(agent.Address) + "A");

        document.ShouldBeError(HttpStatusCode.TooManyRequests);
        int.Parse(put.ShouldBeError(HttpStatusCode.TooManyRequests).Headers["Retry-After"], null).ShouldBeInRange(30, 100);
        wrong.ShouldBeError(HttpStatusCode.NotFound);
        (await (await Agent.CreateAsync(project, "other", service)).ReadAsync()).ShouldBeOk();
        (await project.ListAsync()).ShouldBeOk();
    }

    [Test]
    public async Task Signal_over_the_agents_rate_returns_429_with_Retry_After_30_even_if_the_next_token_comes_sooner()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string>(Token.SigningKeys)
            {
                ["Deployments:AgentRateLimit:PerSecond"] = "0.05",
                ["Deployments:AgentRateLimit:Burst"] = "2",
            });
        var (_, agent, signal) = await StartAsync(service); // the first of its requests

        var responses = await Task.WhenAll(agent.SignalAsync(signal, "{}"), agent.SignalAsync(signal, "{}"));

        responses.Select(response => response.Status).ShouldBe([HttpStatusCode.NoContent, HttpStatusCode.TooManyRequests], ignoreOrder: true);
        responses.Single(response => response.Status == HttpStatusCode.TooManyRequests).Headers["Retry-After"].ShouldBe("30");
    }

    private static async Task<(Project Project, Agent Agent, string Signal)> StartAsync(Service? service = null)
    {
        var project = new Project(service);
        var config = (await project.CreateConfigAsync("{}")).Id;
        (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s"}""")).ShouldBeOk();
        var agent = await Agent.CreateAsync(project, service: service);
        return (project, agent, Agent.SignalAddress((await agent.ReadItemsAsync()).Single()));
    }

    private static string WithPart(string path, int index, Func<string, string> change)
    {
        var parts = path.Split('/');
        parts[index] = change(parts[index]);
        return string.Join('/', parts);
    }

    private static string WithLastPart(string path, Func<string, string> change) => WithPart(path, path.Count(letter => letter == '/'), change);

    private static TestCaseData Case(string name, Func<string, string> change) => new TestCaseData(change).SetArgDisplayNames(name);
}
