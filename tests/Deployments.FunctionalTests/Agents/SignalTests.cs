using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>What an agent reports of a run.</summary>
public sealed class SignalTests
{
    private const int MaxBytes = 1024 * 1024;
    private const string Outputs = """{"outputs": [{"name": "result"}, {"name": "err", "error_output": true}]}""";

    private static IEnumerable<TestCaseData> EmptyBodies =>
    [
        new TestCaseData(new Func<HttpContent?>(() => null)).SetArgDisplayNames("no body"),
        new TestCaseData(new Func<HttpContent?>(() => Requests.Body([], null))).SetArgDisplayNames("an empty body"),
        new TestCaseData(new Func<HttpContent?>(() => Requests.Body(" \n"))).SetArgDisplayNames("white space"),
        new TestCaseData(new Func<HttpContent?>(() => Requests.Body("null"))).SetArgDisplayNames("null"),
        new TestCaseData(new Func<HttpContent?>(() => Requests.Body("{}"))).SetArgDisplayNames("an empty object"),
        new TestCaseData(new Func<HttpContent?>(() => Requests.Chunked("{}"u8.ToArray()))).SetArgDisplayNames("chunked"),
        new TestCaseData(new Func<HttpContent?>(() => Requests.Body("\ufeff{}"))).SetArgDisplayNames("a byte order mark"),
    ];

    [TestCase("PUT", "application/json")]
    [TestCase("POST", "application/json")]
    [TestCase("PUT", null)]
    [TestCase("PUT", "text/plain")]
    [TestCase("PUT", "application/x-www-form-urlencoded")]
    [TestCase("PUT", "multipart/form-data; boundary=x")]
    [TestCase("PUT", "application/json; charset=utf-16")]
    [TestCase("PUT", "nonsense")]
    public async Task Signal_of_any_content_type_stores_the_outcome_with_the_agent_as_its_actor(string method, string? contentType)
    {
        var (project, agent, id, address) = await StartAsync();

        var response = await agent.SignalAsync(
            address,
            Requests.Body("""{"result": "done\n", "other": 1, "deploy_stdout": "hello\n", "deploy_stderr": "", "deploy_status_code": 0}"""u8.ToArray(), contentType),
            new HttpMethod(method));

        response.ShouldBeGone();
        var deployment = (await project.GetAsync(id)).Deployment;
        deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        deployment.GetProperty("status_reason").GetString().ShouldBe("Outputs received");
        deployment.GetProperty("output_values").GetRawText()
            .ShouldBe("""{"result":"done\n","deploy_stdout":"hello\n","deploy_stderr":"","deploy_status_code":0}""");
        var entry = (await project.ListEventsAsync(id)).Items[^1];
        entry.GetProperty("actor").GetString().ShouldBe("agent");
        entry.GetProperty("request_id").GetString().ShouldBe(response.RequestId);
    }

    [Test]
    public async Task Signal_of_a_failure_stores_its_reasons_and_ends_the_deadline()
    {
        var (project, agent, id, address) = await StartAsync("\"timeout\": 3600");

        (await agent.SignalAsync(address, """{"err": "bad", "deploy_status_code": 2}""")).ShouldBeGone();

        var deployment = (await project.GetAsync(id)).Deployment;
        deployment.GetProperty("status").GetString().ShouldBe("FAILED");
        deployment.GetProperty("status_reason").GetString()
            .ShouldBe("deploy_status_code : Deployment exited with non-zero status code: 2, err : bad");
        deployment.TryGetProperty("deadline", out _).ShouldBeFalse();
    }

    [TestCaseSource(nameof(EmptyBodies))]
    public async Task Signal_without_content_completes_the_deployment(Func<HttpContent?> body)
    {
        var (project, agent, id, address) = await StartAsync();

        (await agent.SignalAsync(address, body())).ShouldBeGone();

        var deployment = (await project.GetAsync(id)).Deployment;
        deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        deployment.GetProperty("output_values").GetRawText().ShouldBe("""{"deploy_stdout":null,"deploy_stderr":null,"deploy_status_code":null}""");
    }

    [TestCase("not JSON")]
    [TestCase("""{"deploy_stdout": "cut""")]
    [TestCase("[]")]
    [TestCase("7")]
    [TestCase("\"text\"")]
    [TestCase("{} {}")]
    public async Task Signal_that_is_not_a_JSON_object_returns_400_and_changes_nothing(string body)
    {
        var (project, agent, id, address) = await StartAsync();

        (await agent.SignalAsync(address, body)).ShouldBeError(HttpStatusCode.BadRequest, "body");

        (await project.GetAsync(id)).Deployment.GetProperty("status").GetString().ShouldBe("IN_PROGRESS");
    }

    [TestCase("""{"result": "a\u0000b"}""", "a\ufffdb")]
    [TestCase("""{"result": "a\ud800b"}""", "a\ufffdb")]
    [TestCase("""{"result": "a\udc00"}""", "a\ufffd")]
    [TestCase("""{"result": 1, "result": "last"}""", "last")]
    [TestCase("""{"result": NaN}""", "NaN")]
    [TestCase("""{"other": [Infinity], "result": -Infinity}""", "-Infinity")]
    public async Task Signal_that_cannot_be_stored_as_it_is_is_stored_with_replacements(string body, string result)
    {
        var (project, agent, id, address) = await StartAsync();

        (await agent.SignalAsync(address, body)).ShouldBeGone();

        (await project.GetAsync(id)).Deployment.GetProperty("output_values").GetProperty("result").GetString().ShouldBe(result);
    }

    [Test]
    public async Task Signal_with_duplicate_names_in_a_value_stores_the_last_so_that_the_value_can_be_sent_back()
    {
        var (project, agent, id, address) = await StartAsync();

        (await agent.SignalAsync(address, """{"result": {"a": 1, "a": {"b": 1, "b": 2} } }""")).ShouldBeGone();

        var outputs = (await project.GetAsync(id)).Deployment.GetProperty("output_values").GetRawText();
        outputs.ShouldContain("""{"a":{"b":2}}""");
        (await project.UpdateAsync(id, $$"""{"output_values": {{outputs}} }""")).ShouldBeOk();
    }

    [TestCase(64)]
    [TestCase(1_000)]
    public async Task Signal_with_a_deeply_nested_value_stores_it_so_that_it_can_be_read(int levels)
    {
        var (project, agent, id, address) = await StartAsync();

        (await agent.SignalAsync(address, $$"""{"result": {{Requests.Nested(levels)}} }""")).ShouldBeGone();

        var shown = (await project.GetAsync(id)).Deployment;
        shown.GetProperty("status").GetString().ShouldBe("COMPLETE");
        shown.GetProperty("output_values").GetProperty("result").GetString().ShouldBe(Requests.Nested(levels));
        (await project.UpdateAsync(id, """{"status_reason": "later"}""")).ShouldBeOk();
    }

    [TestCase(1_024, Description = "less than a signal")]
    [TestCase(8 * MaxBytes, Description = "more than a signal")]
    public async Task Signal_of_1_MiB_is_stored_and_of_a_byte_more_returns_413_whatever_the_limit_of_bodies_is(int maxBodyBytes)
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string>(Token.SigningKeys)
            {
                ["Deployments:MaxBodyBytes"] = $"{maxBodyBytes}",
                ["Deployments:MaxBatchBytes"] = $"{maxBodyBytes}",
            });
        var (project, agent, id, address) = await StartAsync(service: service);

        var tooLarge = await agent.SignalAsync(address, Requests.Body(BodyOf(MaxBytes + 1), null));
        var tooLargeInChunks = await agent.SignalAsync(address, Requests.Chunked(BodyOf(MaxBytes + 1)));
        var largest = await agent.SignalAsync(address, Requests.Body(BodyOf(MaxBytes), null));

        tooLarge.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        tooLargeInChunks.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        largest.ShouldBeGone();
        (await project.GetAsync(id)).Deployment.GetProperty("output_values").GetProperty("deploy_stdout").GetString()!.Length.ShouldBeGreaterThan(MaxBytes - 100);
    }

    [Test]
    public async Task Signal_that_is_repeated_or_of_a_former_run_returns_204_and_changes_nothing()
    {
        var (project, agent, id, address) = await StartAsync();
        (await agent.SignalAsync(address, """{"result": "first"}""")).ShouldBeGone();
        var first = await project.GetAsync(id);

        (await agent.SignalAsync(address, """{"result": "second", "deploy_status_code": 1}""")).ShouldBeGone();
        (await project.GetAsync(id)).Text.ShouldBe(first.Text);

        var again = await project.UpdateAsync(id, """{"status": "IN_PROGRESS"}""");
        (await agent.SignalAsync(address, """{"result": "third"}""")).ShouldBeGone();
        (await project.GetAsync(id)).Text.ShouldBe(again.Text);

        (await agent.SignalAsync("""{"result": "fourth"}""")).ShouldBeGone();
        (await project.GetAsync(id)).Deployment.GetProperty("output_values").GetProperty("result").GetString().ShouldBe("fourth");
        (await project.ListEventsAsync(id)).Items.Count.ShouldBe(4);
    }

    [Test]
    public async Task Signals_at_once_store_one_outcome()
    {
        var (project, agent, id, address) = await StartAsync();

        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => agent.SignalAsync(address, $$"""{"result": "{{number}}"}""")));

        responses.ShouldAllBe(response => response.Status == HttpStatusCode.NoContent);
        (await project.ListEventsAsync(id)).Items.Count.ShouldBe(2);
    }

    [Test]
    [NonParallelizable] // the metric is that of the whole process
    public async Task Signal_after_its_deadline_returns_204_changes_nothing_and_is_counted()
    {
        var late = 0L;
        using var listener = new MeterListener { InstrumentPublished = (instrument, own) => own.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<long>((instrument, count, _, _) =>
            Interlocked.Add(ref late, instrument.Name == "deployments.signals.late" ? count : 0));
        listener.Start();
        var (project, agent, id, address) = await StartAsync("\"timeout\": 1");
        var expired = await project.GetAsync($"{id}?wait=50");
        expired.Deployment.GetProperty("status").GetString().ShouldBe("FAILED");

        (await agent.SignalAsync(address, "{}")).ShouldBeGone();

        (await project.GetAsync(id)).Text.ShouldBe(expired.Text);
        Interlocked.Read(ref late).ShouldBe(1);
    }

    [Test]
    public async Task Signal_of_a_deleted_deployment_returns_404()
    {
        var (project, agent, id, address) = await StartAsync();
        (await project.DeleteAsync(id)).ShouldBeGone();

        (await agent.SignalAsync(address, "{}")).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Signal_of_a_deployment_of_another_server_or_project_returns_404()
    {
        var (project, agent, _, _) = await StartAsync();
        var other = await project.CreateAsync("""{"config_id": "c", "server_id": "another"}""");
        var shared = await new Project().CreateAsync($$"""{"config_id": "c", "server_id": "s", "stack_user_project_id": "{{project.Id}}"}""");

        foreach (var id in new[] { other.Id, shared.Id })
        {
            var mac = Agent.Sign(Service.AgentKey, "signal", project.Id, agent.Id, id, id);
            (await agent.SignalAsync($"/signals/{project.Id}/{agent.Id}/{id}/{id}/{mac}", "{}")).ShouldBeError(HttpStatusCode.NotFound);
        }

        (await project.GetAsync(other.Id)).Deployment.GetProperty("status").GetString().ShouldBe("IN_PROGRESS");
    }

    [Test]
    public async Task Signal_is_stored_without_the_addresses_of_its_agent_and_their_macs()
    {
        var (project, agent, id, address) = await StartAsync();
        var config = (await project.CreateConfigAsync("{}")).Id;
        (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s"}""")).ShouldBeOk();
        var items = await agent.ReadItemsAsync();
        var others = items.Select(Agent.SignalAddress).Single(other => other != address);
        var report = new Dictionary<string, object>
        {
            ["deploy_stdout"] = $"id={address} other={others} mine='{agent.Address}'",
            ["deploy_stderr"] = $"https://other.example.org/prefix{Agent.PathOf(address)} {MacOf(address)} {MacOf(others)} x{agent.Mac}y",
            ["result"] = new Dictionary<string, object> { [address] = new[] { agent.Address, "kept" } },
            ["err"] = address,
        };

        (await agent.SignalAsync(address, JsonSerializer.Serialize(report))).ShouldBeGone();

        var shown = await project.GetAsync(id);
        var history = await project.ListEventsAsync(id);
        var feed = await project.ReadFeedAsync();
        foreach (var text in new[] { shown.ShouldBeOk().Text, history.ShouldBeOk().Text, feed.ShouldBeOk().Text })
        {
            foreach (var secret in new[] { agent.Mac, MacOf(address), MacOf(others), agent.Id })
            {
                text.ShouldNotContain(secret);
            }
        }

        var outputs = shown.Deployment.GetProperty("output_values");
        outputs.GetProperty("deploy_stdout").GetString().ShouldBe("id=[signal address] other=[signal address] mine='[signal address]'");
        outputs.GetProperty("deploy_stderr").GetString().ShouldBe("[signal address] [signal address] [signal address] x[signal address]y");
        outputs.GetProperty("result").GetRawText().ShouldBe("""{"[signal address]":["[signal address]","kept"]}""");
        shown.Deployment.GetProperty("status_reason").GetString().ShouldBe("err : [signal address]");
    }

    [Test]
    public async Task Signal_with_checksums_and_UUIDs_does_not_list_the_runs_of_its_agent()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString); // its reads wait with no others
        var (_, agent, _, address) = await StartAsync(service: service);
        var checksum = Convert.ToHexString(SHA256.HashData("a"u8));
        using var statements = new Statements();

        (await agent.SignalAsync(
            address,
            Requests.Body($$"""{"result": "{{checksum}} {{checksum.ToLowerInvariant()}} {{Guid.NewGuid()}}-{{Guid.NewGuid()}}"}"""),
            HttpMethod.Put,
            statements.Trace)).ShouldBeGone();

        statements.Captured.Count(statement => statement.Contains("FROM agents", StringComparison.Ordinal)).ShouldBe(1);
    }

    private static async Task<(Project Project, Agent Agent, string Id, string Address)> StartAsync(string more = "\"action\": null", Service? service = null)
    {
        var project = new Project(service);
        var config = (await project.CreateConfigAsync(Outputs)).Id;
        var id = (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s", {{more}}}""")).Id;
        var agent = await Agent.CreateAsync(project, service: service);
        return (project, agent, id, Agent.SignalAddress((await agent.ReadItemsAsync()).Single()));
    }

    private static string MacOf(string address) => address.Split('/')[^1];

    private static byte[] BodyOf(int bytes)
    {
        const string start = """{"deploy_stdout": " """;
        const string end = "\"}";
        return Encoding.UTF8.GetBytes($"{start}{new string('x', bytes - start.Length - end.Length)}{end}");
    }
}
