using System.Diagnostics;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.RegularExpressions;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>Two instances behind nginx and HAProxy, with the configurations in docs/proxies.</summary>
[TestFixture(ReverseProxy.Nginx)]
[TestFixture(ReverseProxy.HaProxy)]
public sealed partial class ReverseProxyTests(string program)
{
    private const string Project = "proxied";
    private const int Writers = 8;
    private const int Watchers = 6;
    private const int BetweenRestarts = 100;

    private readonly Client client = new(Project);
    private Postgres postgres = null!;
    private Services services = null!;
    private ReverseProxy proxy = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        postgres = await Postgres.StartAsync();
        services = await Services.StartAsync(postgres.ConnectionString, 2, ("Deployments:Proxies:0", "127.0.0.1"), ("Deployments:Console:Enabled", "true"));
        proxy = await ReverseProxy.StartAsync(program, services[0].Address, services[1].Address);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        client.Dispose();
        await (proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (services?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (postgres?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Test]
    public async Task Rolling_restart_under_load_fails_no_request_and_watchers_miss_nothing()
    {
        await using var load = MixedLoad.Start([proxy.Address], "restarted", Writers);
        await using var watchers = FeedWatchers.Start([proxy.Address], "restarted", Watchers);
        var exitCodes = new List<int>();

        for (var restart = 0; restart < TestScale.RollingRestarts * services.Count; restart++)
        {
            await load.AcknowledgeAsync(BetweenRestarts);
            exitCodes.Add((await services[restart % services.Count].StopAsync()).ExitCode);
            await load.AcknowledgeAsync(BetweenRestarts);
            await services[restart % services.Count].RestartAsync();
        }

        await load.AcknowledgeAsync(BetweenRestarts);
        await load.StopAsync();
        FaultRun.Report($"{program}, {exitCodes.Count} restarts: {load.Statuses}; watchers: {watchers.Streams} streams, {watchers.Failed} failed requests");
        exitCodes.ShouldAllBe(code => code == 0);
        (load.Failed - load.Unavailable).ShouldBe(0, Failures(proxy.Log));
        if (TestScale.IsFull)
        {
            load.Unavailable.ShouldBe(0); // a busy machine may be too slow for the service's time limits
        }

        watchers.Failed.ShouldBe(0);

        using var writer = new Client("restarted");
        await watchers.SeeAsync((await writer.CreateAsync(proxy.Address, "the last")).Id);
        var events = await watchers.CompareAsync(postgres, load.Acknowledgements);
        FaultRun.Report($"{program}, {events.Stored} events for each of {Watchers} watchers: {events}");
        events.IsExact.ShouldBeTrue();
    }

    [Test]
    public async Task Addresses_in_responses_are_those_of_the_proxy_whatever_the_client_forwards()
    {
        (string, string)[] forged =
        [
            ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "elsewhere.example"), ("X-Forwarded-Prefix", "/elsewhere"),
        ];
        foreach (var headers in new[] { [], forged })
        {
            var body = $$"""{"config_id": "{{Guid.NewGuid()}}", "server_id": "web-1"}""";
            var created = await client.SendAsync(proxy.Address, HttpMethod.Post, "", body, headers);
            (await client.SendAsync(proxy.Address, HttpMethod.Post, "", body, headers)).Status.ShouldBe(HttpStatusCode.OK);
            var page = await client.SendAsync(proxy.Address, HttpMethod.Get, "?limit=1", null, headers);
            var agent = await client.SendAsync(proxy.Address, HttpMethod.Post, "/../agents", """{"server_id": "web-1"}""", headers);

            Uri[] addresses =
            [
                new(proxy.Address, created.Response!.Headers["Location"]),
                new(page.Response!.Next!),
                new(agent.Response!.Json.GetProperty("agent").GetProperty("metadata_url").GetString()!),
            ];
            foreach (var address in addresses)
            {
                address.ToString().ShouldStartWith($"{proxy.Address}");
                (await client.SendAsync(proxy.Address, HttpMethod.Get, $"{address}")).Status.ShouldBe(HttpStatusCode.OK);
            }
        }
    }

    [Test]
    public async Task Entity_tags_pass_in_both_directions()
    {
        var id = (await client.CreateAsync(proxy.Address, "tagged")).Id;
        var direct = await client.SendAsync(services[0].Address, HttpMethod.Get, $"/{id}");

        var shown = await client.SendAsync(proxy.Address, HttpMethod.Get, $"/{id}", null, ("Accept-Encoding", "gzip, br"));
        var tag = shown.Response!.EntityTag;
        var unchanged = await client.SendAsync(proxy.Address, HttpMethod.Get, $"/{id}", null, ("If-None-Match", tag));
        var changed = await client.SendAsync(proxy.Address, HttpMethod.Put, $"/{id}", """{"status_reason": "changed"}""", ("If-Match", tag));
        var stale = await client.SendAsync(proxy.Address, HttpMethod.Put, $"/{id}", """{"status_reason": "changed again"}""", ("If-Match", tag));

        tag.ShouldBe(direct.Response!.EntityTag);
        shown.Text.ShouldBe(direct.Text);
        unchanged.Status.ShouldBe(HttpStatusCode.NotModified);
        changed.Status.ShouldBe(HttpStatusCode.OK);
        stale.Status.ShouldBe(HttpStatusCode.PreconditionFailed);
    }

    [TestCase("rack/1", "rack/1")]
    [TestCase("rack/2", "rack%2F2")]
    [TestCase("rack//3", "rack//3")]
    [TestCase("rack%2F4", "rack%252F4")]
    public async Task Server_id_with_slashes_reaches_the_service_as_it_was_sent(string server, string path)
    {
        var config = await client.SendAsync(proxy.Address, HttpMethod.Post, "/../software_configs", """{"name": "racked"}""");
        (await client.CreateAsync(proxy.Address, config.Response!.Id, server: server)).Status.ShouldBe(HttpStatusCode.OK);

        var direct = await GetAsync(services[0].Address);
        var proxied = await GetAsync(proxy.Address);

        direct.Response!.Json.GetProperty("metadata").GetArrayLength().ShouldBe(1);
        proxied.Text.ShouldBe(direct.Text);

        Task<Outcome> GetAsync(Uri address) => client.SendAsync(address, HttpMethod.Get, $"/metadata/{path}");
    }

    [Test]
    public async Task Large_headers_and_bodies_pass()
    {
        var deployments = string.Join(", ", Enumerable.Repeat(
            $$"""{"config_id": "large", "server_id": "web-1", "input_values": {"text": "{{new string('x', 60_000)}}" } }""", 100));

        var large = await client.SendAsync(
            proxy.Address,
            HttpMethod.Post,
            "/batch",
            $$"""{"software_deployments": [{{deployments}}]}""",
            ("X-Long", new string('x', 24 * 1024)));

        large.Status.ShouldBe(HttpStatusCode.OK, large.Text);
    }

    [Test]
    public async Task Held_requests_and_streams_pass()
    {
        var time = Stopwatch.StartNew();
        var waited = await client.SendAsync(proxy.Address, HttpMethod.Get, $"/../events?after=now&wait={TestScale.LongWait.TotalSeconds}");
        waited.Status.ShouldBe(HttpStatusCode.OK);
        time.Elapsed.ShouldBeGreaterThan(TestScale.LongWait - TimeSpan.FromMilliseconds(100));

        await using var stream = await client.OpenStreamAsync(new Uri(proxy.Address, $"/v1/{Project}/events?after=now"));
        await using var events = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();
        (await events.MoveNextAsync()).ShouldBeTrue(); // the bookmark: the stream is open
        var id = (await client.CreateAsync(proxy.Address, "streamed")).Id;
        do
        {
            (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10))).ShouldBeTrue();
        }
        while (!events.Current.Data.Contains($"{id}", StringComparison.Ordinal));
    }

    [Test]
    public async Task Visitor_signs_in_to_the_console()
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = ReverseProxy.Trust }) { BaseAddress = proxy.Address };
        var form = await http.GetStringAsync(new Uri("/console/sign-in", UriKind.Relative));

        using var fields = new FormUrlEncodedContent(
        [
            KeyValuePair.Create("token", new Token(Project).ToString()),
            KeyValuePair.Create("project", ""),
            KeyValuePair.Create("return", ""),
            KeyValuePair.Create("__RequestVerificationToken", FormToken().Match(form).Groups[1].Value),
        ]);
        using var page = await http.PostAsync(new Uri("/console/sign-in", UriKind.Relative), fields);

        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        page.RequestMessage!.RequestUri.ShouldBe(new Uri(proxy.Address, "/console/servers")); // it was led on, with its cookie
    }

    [Test]
    public async Task Log_of_the_proxy_has_no_address_of_an_agent()
    {
        var address = await client.CreateAgentAsync(services[0], "logged");
        (await client.SendAsync(proxy.Address, HttpMethod.Get, new Uri(proxy.Address, new Uri(address).AbsolutePath).ToString())).Status.ShouldBe(HttpStatusCode.OK);

        await using var broken = new BrokenInstance();
        await using var failing = await ReverseProxy.StartAsync(program, broken.Address, broken.Address);
        foreach (var path in new[] { "/agents/secret", "/signals/secret" })
        {
            (await client.SendAsync(failing.Address, HttpMethod.Get, new Uri(failing.Address, path).ToString())).Status.ShouldBe(HttpStatusCode.BadGateway);
        }

        proxy.Log.ShouldContain(" 200");
        proxy.Log.ShouldNotContain("/agents/");
        failing.Log.ShouldContain(" 502");
        failing.Log.ShouldNotContain("secret");
    }

    [TestCase("GET", null, true)]
    [TestCase("POST", null, false)]
    [TestCase("POST", "key", true)]
    public async Task Request_whose_connection_breaks_is_sent_again_only_where_that_is_safe(string method, string? key, bool isRepeated)
    {
        await using var one = new BrokenInstance();
        await using var other = new BrokenInstance();
        await using var failing = await ReverseProxy.StartAsync(program, one.Address, other.Address);

        var outcome = await client.SendAsync(failing.Address, HttpMethod.Parse(method), "/x", method == "POST" ? "{}" : null, key is null ? [] : [("Idempotency-Key", key)]);

        outcome.Status.ShouldBe(HttpStatusCode.BadGateway);
        var sent = one.Requests.Concat(other.Requests).Count(request => request.StartsWith($"{method} /v1/", StringComparison.Ordinal));
        (sent > 1).ShouldBe(isRepeated, $"sent {sent} times");
    }

    private static string Failures(string log) =>
        string.Join('\n', log.Split('\n').Where(line => line.Contains("[error]", StringComparison.Ordinal) || line.EndsWith(" 502") || line.EndsWith(" 503")));

    [GeneratedRegex("name=\"__RequestVerificationToken\"[^>]* value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}
