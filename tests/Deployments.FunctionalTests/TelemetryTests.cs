using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What is sent to an OpenTelemetry collector, and that nothing is sent without one.</summary>
public sealed partial class TelemetryTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    [Test]
    public async Task Traces_metrics_and_logs_are_sent_to_the_configured_collector()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>(Settings(collector))
        {
            [Endpoint] = collector.Address,

            // A database of its own, so that no other service expires its deployments.
            ["ConnectionStrings:Deployments"] = await TestRun.Server.CreateDatabaseAsync(),
        });
        var project = new Project();
        var trace = ActivityTraceId.CreateRandom();
        await collector.WaitForAsync("logs", Text("The database is reachable and its schema is current."));

        var held = SendAsync(service, Requests.Make(HttpMethod.Get, $"/v1/{project.Id}/events?wait=50", Headers(project, trace)));
        var created = await SendAsync(service, CreateOnce());
        (await held).ShouldBeOk();
        var again = await SendAsync(service, CreateOnce());
        var read = await SendAsync(service, Requests.Make(HttpMethod.Get, $"{project.Path}/{created.Id}", Headers(project, trace)));

        again.Id.ShouldBe(created.Id);
        read.ShouldBeOk();
        var id = TraceBytes(trace);
        await collector.WaitForAsync("traces", id, Text("POST v1/{project_id:project}/software_deployments"), Text(created.RequestId));
        await collector.WaitForAsync("traces", id, Text("http.response.status_code"), Text("Npgsql"), Text("FROM software_deployments"));
        await collector.WaitForAsync("traces", Text("INSERT INTO software_deployments"));
        await collector.WaitForAsync("metrics", Text("http.route"), Text("service.version"), Text(Service.Version));
        var described = DescribedMetrics();
        described.ShouldContain("deployments.created");
        foreach (var metric in described)
        {
            await collector.WaitForAsync("metrics", Text(metric));
        }

        HttpRequestMessage CreateOnce()
        {
            var request = Create(project, """{"config_id": "a config", "server_id": "a server", "timeout": 1}""", trace);
            request.Headers.Add("Idempotency-Key", "once");
            return request;
        }
    }

    [Test]
    public async Task Log_record_has_the_trace_id_of_its_request()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>(Settings(collector))
        {
            [Endpoint] = collector.Address,
            ["ConnectionStrings:Deployments"] = "Host=127.0.0.1;Port=1",
            ["ASPNETCORE_HOSTINGSTARTUPASSEMBLIES"] = string.Empty, // an impatient service
        });
        var project = new Project();
        var trace = ActivityTraceId.CreateRandom();

        var list = Requests.Make(HttpMethod.Get, project.Path, Headers(project, trace));
        (await SendAsync(service, list)).ShouldBeError(HttpStatusCode.ServiceUnavailable);

        await collector.WaitForAsync("logs", TraceBytes(trace), Text("The database cannot be used"));
    }

    [Test]
    public async Task Bodies_queries_tokens_and_passwords_are_not_sent_to_the_collector()
    {
        await using var collector = await Collector.StartAsync();
        var service = await ServiceProcess.StartAsync(new Dictionary<string, string>(Settings(collector)) { [Endpoint] = collector.Address });
        var project = new Project();
        var marker = $"marker-{Guid.NewGuid():N}";
        var token = project.Token.ToString();

        await using (service)
        {
            (await SendAsync(service, Create(project, $$"""{"config_id": "c", "server_id": "s", "input_values": {"password": "{{marker}}"} }""")))
                .ShouldBeOk();
            await SendAsync(service, Create(project, $$"""{"config_id": "c", "status": "{{marker}}"}"""));
            await SendAsync(service, Requests.Make(HttpMethod.Get, $"{project.Path}?server_id={marker}", Headers(project)));
            await SendAsync(service, Requests.Make(HttpMethod.Get, project.Path, ("Authorization", $"Bearer {marker}")));
            await service.StopAsync();
        }

        collector.Received.Distinct().ShouldBe(Collector.Signals, ignoreOrder: true);
        collector.Knows(project.Id).ShouldBeTrue();
        collector.Knows("Deployments.Api.Requests").ShouldBeFalse(); // a trace has the same information
        collector.Knows(marker).ShouldBeFalse();
        collector.Knows(token.Split('.')[1]).ShouldBeFalse();
        collector.Knows(token.Split('.')[2]).ShouldBeFalse();
        collector.Knows(Convert.ToBase64String(Token.Secret)).ShouldBeFalse();

        // A container's password is "postgres", which is in the name of the database system as well.
        if (new NpgsqlConnectionStringBuilder(TestRun.ConnectionString).Password is { } password && password != "postgres")
        {
            collector.Knows(password).ShouldBeFalse();
        }
    }

    [Test]
    public async Task Stream_ends_at_SIGTERM_and_is_traced_without_its_query_and_token()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartReadyAsync(new Dictionary<string, string>(Settings(collector)) { [Endpoint] = collector.Address });
        var project = new Project();
        var trace = ActivityTraceId.CreateRandom();
        var marker = $"marker-{Guid.NewGuid():N}";
        using var request = Requests.Make(
            HttpMethod.Get, $"/v1/{project.Id}/events?server_id={marker}", [.. Headers(project, trace), ("Accept", "text/event-stream")]);
        using var response = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe("event: bookmark");
        var requestId = response.Headers.GetValues(ApiResponse.RequestIdHeader).Single();
        collector.Knows(requestId).ShouldBeFalse();

        var ended = await service.StopAsync();

        ended.ExitCode.ShouldBe(0, ended.Error);
        (await reader.ReadToEndAsync()).ShouldEndWith("\n\n");
        await collector.WaitForAsync("traces", TraceBytes(trace), Text("GET v1/{project_id:project}/events"), Text(requestId));
        collector.Knows(marker).ShouldBeFalse();
        collector.Knows(request.Headers.GetValues("X-Auth-Token").Single().Split('.')[1]).ShouldBeFalse();
    }

    [Test]
    public async Task Request_is_traced_if_its_caller_samples_it_and_rarely_otherwise()
    {
        const int requests = 50;
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartReadyAsync(SettingsWithoutSampler(collector));
        var project = new Project();

        var sampled = await SendAsync(service, Create(project, Project.Minimal, ActivityTraceId.CreateRandom()));
        var others = new List<ApiResponse>();
        while (others.Count < requests)
        {
            others.Add(await SendAsync(service, Create(project, Project.Minimal)));
        }

        await service.StopAsync(); // flushes the exporters

        collector.Knows(sampled.ShouldBeOk().RequestId).ShouldBeTrue();

        // One in a hundred is sampled: 25 of 50 by chance has a probability of 10^-36.
        others.Count(response => collector.Knows(response.ShouldBeOk().RequestId)).ShouldBeLessThan(requests / 2);
    }

    [Test]
    public async Task Health_checks_are_never_traced()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartReadyAsync(SettingsWithoutSampler(collector));
        var project = new Project();
        var (checking, serving) = (ActivityTraceId.CreateRandom(), ActivityTraceId.CreateRandom());

        foreach (var path in new[] { "/healthz/live", "/healthz/ready" })
        {
            (await SendAsync(service, Requests.Make(HttpMethod.Get, path, Headers(project, checking)))).ShouldBeOk();
        }

        (await SendAsync(service, Create(project, Project.Minimal, serving))).ShouldBeOk();
        await service.StopAsync();

        collector.Knows(TraceBytes(serving)).ShouldBeTrue();
        collector.Knows(TraceBytes(checking)).ShouldBeFalse();
    }

    [Test]
    public async Task Nothing_is_sent_without_a_configured_collector()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartReadyAsync(Settings(collector));

        (await SendAsync(service, Create(new Project(), Project.Minimal))).ShouldBeOk();
        var ended = await service.StopAsync();

        ended.ExitCode.ShouldBe(0, ended.Error);
        collector.Received.ShouldBeEmpty();
    }

    /// <summary>The metrics in the operations guide.</summary>
    private static IReadOnlyList<string> DescribedMetrics([CallerFilePath] string thisFile = "") =>
    [
        .. File.ReadLines(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "docs", "operations.md"))
            .Where(line => MetricRow().IsMatch(line))
            .SelectMany(line => Metric().Matches(line.Split('|')[1]).Select(name => name.Value)),
    ];

    [GeneratedRegex(@"^\| `(http|db|dotnet|deployments)\.")]
    private static partial Regex MetricRow();

    [GeneratedRegex(@"[a-z_]+(\.[a-z_]+)+")]
    private static partial Regex Metric();

    /// <summary>Everything an exporter needs to reach the collector except the endpoint that enables it.</summary>
    private static Dictionary<string, string> Settings(Collector collector)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys.Concat(PatientService.Settings))
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ConnectionStrings:Deployments"] = TestRun.ConnectionString,
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_TRACES_SAMPLER"] = "always_on",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        };
        foreach (var signal in Collector.Signals)
        {
            settings[$"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_ENDPOINT"] = $"{collector.Address}/v1/{signal}";
        }

        return settings;
    }

    private static Dictionary<string, string> SettingsWithoutSampler(Collector collector)
    {
        var settings = new Dictionary<string, string>(Settings(collector)) { [Endpoint] = collector.Address };
        settings.Remove("OTEL_TRACES_SAMPLER");
        return settings;
    }

    private static HttpRequestMessage Create(Project project, string json, ActivityTraceId trace = default)
    {
        var request = Requests.Make(HttpMethod.Post, project.Path, Headers(project, trace));
        request.Content = Requests.Body(json);
        return request;
    }

    private static async Task<ApiResponse> SendAsync(ServiceProcess service, HttpRequestMessage request)
    {
        using var response = await service.Http.SendAsync(request);
        return await ApiResponse.ReadAsync(response);
    }

    private static (string Name, string Value)[] Headers(Project project, ActivityTraceId trace = default) =>
    [
        ("X-Auth-Token", project.Token.ToString()),
        .. trace == default ? [] : new[] { ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01") },
    ];

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] TraceBytes(ActivityTraceId trace)
    {
        var bytes = new byte[16];
        trace.CopyTo(bytes);
        return bytes;
    }
}
