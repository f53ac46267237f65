using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Deployments.FaultTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>The dashboard and the alarms of docs/observability ask Prometheus only for what a service sends.</summary>
public sealed partial class ObservabilityTests
{
    private const int MaxWaiting = 4;

    private static readonly string Dashboard = PathOf("docs/observability/dashboard.json");
    private static readonly string Alarms = PathOf("docs/observability/alarms.yaml");

    [OneTimeSetUp]
    public void RequirePrometheus() => Prometheus.Require();

    [Test]
    public async Task Every_query_of_the_dashboard_and_of_the_alarms_has_a_value()
    {
        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Dashboard));
        await using var bridge = await MetricsBridge.StartAsync();
        await using var prometheus = await Prometheus.StartAsync(bridge.Address, Alarms);
        await using var postgres = await Postgres.StartAsync();
        await using var services = await StartServiceAsync(
            postgres,
            bridge,
            ("DOTNET_GCgen0size", "100000"), // some metrics of the garbage collector begin with the first collection
            ("Deployments:MaxWaiting", $"{MaxWaiting}"),
            ("Deployments:AgentRateLimit:PerSecond", "0.5"),
            ("Deployments:AgentRateLimit:Burst", "2"));
        await UseServiceAsync(postgres, services[0], bridge);

        var queries = await ListQueriesAsync(dashboard, prometheus);
        var (rows, empty) = (new List<string>(), new List<string>());
        foreach (var (name, expression) in queries)
        {
            var values = await prometheus.QueryAsync(Threshold().Replace(Absence().Replace(expression, "$1"), ""));
            rows.Add(Row(name, $"`{expression}`", string.Join(", ", values.Select(value => $"{value:G4}"))));
            if (values.Count == 0)
            {
                empty.Add($"{name}: {expression}");
            }

            // The whole may have a value although one of the series that it is made of is not sent.
            foreach (var series in Selector().Matches(expression).Select(match => match.Value))
            {
                if ((await prometheus.QueryAsync(series)).Count == 0)
                {
                    empty.Add($"{name}: {series}");
                }
            }
        }

        var file = PathOf("artifacts/observability/queries.md");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllLinesAsync(file, [Row("panel or alarm", "query", "values"), "|---|---|---|", .. rows]);
        FaultRun.Report($"{queries.Count} queries, {empty.Count} without a value; artifacts/observability/queries.md has the values");
        empty.ShouldBeEmpty(prometheus.Log);
        bridge.Unexpected.ShouldBeNull();
    }

    [Test]
    public async Task Every_panel_and_every_alarm_says_what_to_do()
    {
        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Dashboard));
        var panels = ListPanels(dashboard).ToList();
        var alarms = Alarm().Matches(await File.ReadAllTextAsync(Alarms)).Select(match => match.Value).ToList();

        panels.ShouldNotBeEmpty();
        panels.ShouldAllBe(panel => panel.GetProperty("title").GetString() != "" && panel.GetProperty("description").GetString() != "");
        alarms.ShouldNotBeEmpty();
        alarms.ShouldAllBe(alarm => alarm.Contains(" summary: ") && alarm.Contains(" description: "));
    }

    [Test]
    public async Task Each_alarm_fires_beyond_its_threshold_and_not_before()
    {
        var test = PathOf("tests/Deployments.FaultTests/Data/alarms.test.yaml");
        var alarms = Alarm().Matches(await File.ReadAllTextAsync(Alarms)).Select(match => match.Groups[1].Value);
        var firing = FiringAlarm().Matches(await File.ReadAllTextAsync(test)).Select(match => match.Groups[1].Value).Distinct();

        var check = await Prometheus.RunToolAsync("check", "rules", Alarms);
        var run = await Prometheus.RunToolAsync("test", "rules", test);

        check.ExitCode.ShouldBe(0, check.Output);
        run.ExitCode.ShouldBe(0, run.Output);
        firing.ShouldBe(alarms, ignoreOrder: true);
    }

    [Test]
    public async Task Deadlines_are_behind_for_as_long_as_an_overdue_deployment_is_locked()
    {
        await using var bridge = await MetricsBridge.StartAsync();
        await using var prometheus = await Prometheus.StartAsync(bridge.Address, Alarms);
        await using var postgres = await Postgres.StartAsync();
        await using var services = await StartServiceAsync(postgres, bridge);
        using var client = new Client("overdue");
        var id = (await client.SendAsync(services[0], HttpMethod.Post, "", """{"config_id": "c", "server_id": "s", "timeout": 5}""")).Id;
        await UntilBehindAsync(seconds => seconds < 2);

        await using (var connection = await postgres.Administration.OpenConnectionAsync())
        await using (await connection.BeginTransactionAsync())
        {
            await using var take = new NpgsqlCommand("SELECT FROM software_deployments FOR UPDATE", connection);
            await take.ExecuteNonQueryAsync();
            await UntilBehindAsync(seconds => seconds > 4);
        }

        await UntilBehindAsync(seconds => seconds < 2);
        (await client.SendAsync(services[0], HttpMethod.Get, $"/{id}")).Text.ShouldContain("FAILED");

        async Task UntilBehindAsync(Predicate<double> isMet)
        {
            for (var started = Stopwatch.GetTimestamp(); !(await prometheus.QueryAsync("deployments_expiry_behind_seconds")).Any(isMet.Invoke);)
            {
                Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromMinutes(1), prometheus.Log);
                await Task.Delay(100);
            }
        }
    }

    private static Task<Services> StartServiceAsync(Postgres postgres, MetricsBridge bridge, params (string Name, string Value)[] settings) =>
        Services.StartAsync(
            postgres.ConnectionString,
            1,
            [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", new Uri(bridge.Address, "/api/v1/otlp").ToString()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_TRACES_SAMPLER", "always_off"),
                ("Logging:OpenTelemetry:LogLevel:Default", "None"),
                ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
                ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=deployments-1"),
                .. settings,
            ]);

    /// <summary>Uses all that is measured. Prometheus has two different values of each counter at the end.</summary>
    private static async Task UseServiceAsync(Postgres postgres, ServiceProcess service, MetricsBridge bridge)
    {
        using var follower = new Client("followed");
        using (postgres.Pause())
        {
            await ShouldBeUnavailableAsync($"{service.Address}healthz/ready");
        }

        // A config without a name is a 500.
        await postgres.ExecuteAsync("ALTER TABLE software_configs ADD CONSTRAINT spoilt CHECK (name IS NOT NULL)");
        var streams = new List<Stream>();
        while (streams.Count < MaxWaiting / 2) // a project may use half
        {
            streams.Add(await follower.OpenStreamAsync(new Uri(service.Address, "/v1/followed/events")));
        }

        foreach (var round in new[] { "first", "second" })
        {
            await UseOnceAsync(service, round);
            await ShouldBeUnavailableAsync("/../events?after=now&wait=1");
            await bridge.WaitUntilStoredAsync();
        }

        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }

        async Task ShouldBeUnavailableAsync(string path) =>
            (await follower.SendAsync(service, HttpMethod.Get, path)).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    private static async Task UseOnceAsync(ServiceProcess service, string round)
    {
        using var client = new Client("used");
        using var stranger = new Client("used", token => token with { Expires = DateTimeOffset.UtcNow.AddHours(-1) });
        var config = await SendAsync(HttpMethod.Post, "/../software_configs", """{"name": "script"}""");
        await SendAsync(HttpMethod.Post, "/../software_configs", "{}", HttpStatusCode.InternalServerError);

        var id = (await client.CreateAsync(service, $"{config.Id}", round, round)).Id;
        (await client.CreateAsync(service, $"{config.Id}", round, round)).IsReplay.ShouldBeTrue();
        await SendAsync(HttpMethod.Get, $"/{id}", null, HttpStatusCode.NotModified, IfChangedSince(await SendAsync(HttpMethod.Get, $"/{id}")));
        await SendAsync(HttpMethod.Put, $"/{id}", """{"status_reason": "used"}""");
        await SendAsync(HttpMethod.Post, "", "{}", HttpStatusCode.BadRequest);
        (await stranger.SendAsync(service, HttpMethod.Get, "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        await SendAsync(HttpMethod.Get, "/../events");
        await SendAsync(HttpMethod.Get, $"{service.Address}healthz/ready");

        var document = await client.CreateAgentAsync(service, round);
        var deployment = (await SendAsync(HttpMethod.Get, document)).Response!.Json.GetProperty("deployments")[0];
        var signal = deployment.GetProperty("inputs").EnumerateArray().Single(input => input.GetProperty("name").GetString() == "deploy_signal_id");
        await SendAsync(HttpMethod.Put, signal.GetProperty("value").GetString()!, "{}", HttpStatusCode.NoContent);
        await SendAsync(HttpMethod.Get, document, null, HttpStatusCode.TooManyRequests);

        var overdue = (await SendAsync(HttpMethod.Post, "", """{"config_id": "overdue", "server_id": "s", "timeout": 1}""")).Id;
        (await SendAsync(HttpMethod.Get, $"/{overdue}?wait=30")).Text.ShouldContain("FAILED");

        static (string, string) IfChangedSince(Outcome shown) => ("If-None-Match", shown.Response!.EntityTag);

        async Task<Outcome> SendAsync(
            HttpMethod method, string path, string? body = null, HttpStatusCode expected = HttpStatusCode.OK, params (string, string)[] headers)
        {
            var outcome = await client.SendAsync(service, method, path, body, headers);
            outcome.Status.ShouldBe(expected, $"{method} {path}: {outcome.Text}");
            return outcome;
        }
    }

    /// <summary>The queries of the panels, as Grafana sends them, and those of the alarms.</summary>
    private static async Task<IReadOnlyList<(string Name, string Expression)>> ListQueriesAsync(JsonDocument dashboard, Prometheus prometheus)
    {
        var variables = await ReadVariablesAsync(dashboard, prometheus);
        var queries = new List<(string, string)>();
        foreach (var panel in ListPanels(dashboard))
        {
            queries.AddRange(panel.GetProperty("targets").EnumerateArray()
                .Select(target => (panel.GetProperty("title").GetString()!, Substitute(target.GetProperty("expr").GetString()!, variables))));
        }

        queries.AddRange((await prometheus.ListRulesAsync())
            .Select(rule => (rule.GetProperty("name").GetString()!, rule.GetProperty("query").GetString()!)));
        return queries;
    }

    private static IEnumerable<JsonElement> ListPanels(JsonDocument dashboard) =>
        dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() != "row");

    /// <summary>What Grafana replaces in the dashboard's queries if all values of each variable are chosen.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> ReadVariablesAsync(JsonDocument dashboard, Prometheus prometheus)
    {
        var variables = new Dictionary<string, string> { ["__rate_interval"] = "1m" };
        foreach (var variable in dashboard.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray())
        {
            if (variable.GetProperty("type").GetString() == "query")
            {
                var name = variable.GetProperty("name").GetString()!;
                var query = LabelValues().Match(variable.GetProperty("query").GetProperty("query").GetString()!);
                var values = await prometheus.ListLabelValuesAsync(query.Groups[2].Value, Substitute(query.Groups[1].Value, variables));
                values.ShouldNotBeEmpty(name);
                variables[name] = string.Join('|', values);
            }
        }

        return variables;
    }

    private static string Substitute(string expression, IReadOnlyDictionary<string, string> variables) =>
        Variable().Replace(expression, match => variables[match.Groups[1].Value]);

    private static string Row(params IEnumerable<string> cells) =>
        $"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |";

    private static string PathOf(string path, [CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", path));

    [GeneratedRegex(@"^label_values\((.+), (\w+)\)$")]
    private static partial Regex LabelValues();

    [GeneratedRegex(@"\$(\w+)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\w+\{(""[^""]*""|[^""}])*\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\s[<>]\s[\d.]+$")]
    private static partial Regex Threshold();

    [GeneratedRegex(@"^absent\((.+)\)$")]
    private static partial Regex Absence();

    [GeneratedRegex(@"- alert: (\w+)\n(?:(?!.*- alert:).*\n?)*")]
    private static partial Regex Alarm();

    [GeneratedRegex(@"alertname=""(\w+)""")]
    private static partial Regex FiringAlarm();
}
