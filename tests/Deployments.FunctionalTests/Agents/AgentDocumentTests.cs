using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>What an agent reads at its address.</summary>
public sealed class AgentDocumentTests
{
    private const string IfNoneMatch = "If-None-Match";

    [Test]
    public async Task Document_has_the_run_of_a_deployment_with_the_values_of_its_inputs()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync(
            """
            {
              "name": "web/app", "group": "script", "config": "#!/bin/sh\necho <ü>",
              "inputs": [
                {"name": "given", "type": "Number", "description": "a number", "default": 1, "value": 2},
                {"name": "valued", "value": {"a": [1.0]}, "default": "d"},
                {"name": "defaulted", "default": "d", "replace_on_change": true},
                {"name": "unset", "type": "Json"}
              ],
              "outputs": [{"name": "result", "error_output": true}],
              "options": {"k": 1e2}
            }
            """)).Config;
        var id = (await project.CreateAsync(
            $$"""
            {
              "config_id": "{{config.GetProperty("id").GetString()}}", "server_id": "s", "action": "CREATE",
              "input_values": {"extra": [1, {"b": null}], "given": 3.50, "second": null}
            }
            """)).Id;
        var agent = await Agent.CreateAsync(project);

        var response = (await agent.ReadAsync()).ShouldBeOk();

        var signal = $"{TestRun.Service.Address.GetLeftPart(UriPartial.Authority)}/signals/{project.Id}/{agent.Id}/{id}/{id}/"
            + Agent.Sign(Service.AgentKey, "signal", project.Id, agent.Id, id, id);
        response.Text.ShouldBe(OnOneLine(
            $$$$"""
            {"deployments":[{"id":"{{{{id}}}}","name":"web_app","group":"script","creation_time":"{{{{config.GetProperty("creation_time").GetString()}}}}",
            "config":"#!/bin/sh\necho <ü>","inputs":[
            {"name":"given","description":"a number","type":"Number","default":1,"value":3.50},
            {"name":"valued","type":"String","default":"d","value":{"a":[1.0]}},
            {"name":"defaulted","type":"String","default":"d","replace_on_change":true,"value":"d"},
            {"name":"unset","type":"Json","value":null},
            {"name":"extra","type":"String","value":[1,{"b":null}]},
            {"name":"second","type":"String","value":null},
            {"name":"deploy_server_id","type":"String","value":"s"},
            {"name":"deploy_action","type":"String","value":"CREATE"},
            {"name":"deploy_signal_transport","type":"String","value":"TEMP_URL_SIGNAL"},
            {"name":"deploy_signal_id","type":"String","value":"{{{{signal}}}}"},
            {"name":"deploy_signal_verb","type":"String","value":"PUT"}],
            "outputs":[{"name":"result","type":"String","error_output":true}],"options":{"k":1e2}}],
            "os-collect-config":{"collectors":["request","local"],"request":{"metadata_url":"{{{{agent.Address}}}}"}}}
            """));
        agent.Mac.ShouldBe(Agent.Sign(Service.AgentKey, "metadata", project.Id, agent.Id));
    }

    [Test]
    public async Task Document_of_a_config_without_name_group_and_config_has_their_defaults()
    {
        var (project, agent) = await StartAsync();
        var config = (await project.CreateConfigAsync("{}")).Id;
        var id = (await project.CreateAsync(Deploying(config))).Id;

        var item = (await agent.ReadItemsAsync()).ShouldHaveSingleItem();

        item.GetProperty("name").GetString().ShouldBe(id);
        item.GetProperty("group").GetString().ShouldBe("Heat::Ungrouped");
        item.GetProperty("config").GetRawText().ShouldBe("\"\"");
        Agent.Input(item, "deploy_action").GetString().ShouldBeEmpty();
        item.TryGetProperty("deadline", out _).ShouldBeFalse();
    }

    [Test]
    public async Task Document_keeps_declared_and_given_inputs_that_have_the_names_of_its_own()
    {
        var (project, agent) = await StartAsync();
        var config = (await project.CreateConfigAsync("""{"inputs": [{"name": "deploy_signal_id", "value": "https://swift.example.org/a"}]}""")).Id;
        await project.CreateAsync(
            $$"""{"config_id": "{{config}}", "server_id": "s", "input_values": {"deploy_signal_verb": "POST", "deploy_server_id": "mine"} }""");

        var item = (await agent.ReadItemsAsync()).ShouldHaveSingleItem();

        item.GetProperty("inputs").EnumerateArray().Select(input => input.GetProperty("name").GetString())
            .ShouldBe(["deploy_signal_id", "deploy_signal_verb", "deploy_server_id", "deploy_action", "deploy_signal_transport"]);
        Agent.SignalAddress(item).ShouldBe("https://swift.example.org/a");
        Agent.Input(item, "deploy_signal_verb").GetString().ShouldBe("POST");
        Agent.Input(item, "deploy_server_id").GetString().ShouldBe("mine");
    }

    [Test]
    public async Task Document_with_1_000_inputs_has_each_once()
    {
        var (project, agent) = await StartAsync();
        var names = Enumerable.Range(0, 1_000).Select(number => $"input/{number}").ToList();
        var config = (await project.CreateConfigAsync($$"""{"inputs": [{{string.Join(',', names.Select(name => $$"""{"name": "{{name}}"}"""))}}]}""")).Id;
        await project.CreateAsync(
            $$"""{"config_id": "{{config}}", "server_id": "s", "input_values": { {{string.Join(',', names.Select(name => $"\"{name}\": \"{name}\""))}} } }""");

        var item = (await agent.ReadItemsAsync()).ShouldHaveSingleItem();

        var inputs = item.GetProperty("inputs").EnumerateArray().ToList();
        inputs.Count.ShouldBe(1_005);
        inputs.Take(1_000).ShouldAllBe(input => input.GetProperty("name").GetString() == input.GetProperty("value").GetString());
    }

    [Test]
    public async Task Document_has_each_deployment_of_the_server_in_every_status_by_name_and_then_creation()
    {
        var (project, agent) = await StartAsync();
        string[] names = ["null", "\"\"", "\"B\"", "\"a\"", "\"b\"", "\"é\"", "\"\U0001F680\""]; // in the order of their bytes
        var ids = new List<string>();
        foreach (var name in names.Reverse())
        {
            var config = (await project.CreateConfigAsync($$"""{"name": {{name}}}""")).Id;
            ids.Insert(0, (await project.CreateAsync(Deploying(config, "\"status\": \"COMPLETE\""))).Id);
            ids.Insert(1, (await project.CreateAsync(Deploying(config, "\"status\": \"FAILED\""))).Id);
            await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "another"}""");
        }

        (await agent.ReadItemsAsync()).Select(IdOf).ShouldBe(ids);
    }

    [Test]
    public async Task Document_has_neither_deployments_of_other_projects_nor_those_whose_config_does_not_exist()
    {
        var (project, agent) = await StartAsync();
        var other = new Project();
        var script = (await other.CreateConfigAsync("{}")).Id;
        (await other.CreateAsync($$"""{"config_id": "{{script}}", "server_id": "s", "stack_user_project_id": "{{project.Id}}"}""")).ShouldBeOk();
        (await project.CreateAsync(Deploying(script))).ShouldBeOk();
        (await project.CreateAsync(Deploying("no UUID"))).ShouldBeOk();

        var response = (await agent.ReadAsync()).ShouldBeOk();

        response.Json.GetProperty("deployments").GetRawText().ShouldBe("[]");
        response.Json.GetProperty("os-collect-config").GetProperty("collectors").GetRawText().ShouldBe("[\"request\",\"local\"]");
    }

    [Test]
    public async Task Document_is_the_same_text_until_a_run_begins()
    {
        var (project, agent) = await StartAsync();
        var config = (await project.CreateConfigAsync("""{"name": "a"}""")).Id;
        var other = (await project.CreateConfigAsync("""{"name": "b"}""")).Id;
        var id = (await project.CreateAsync(Deploying(config, "\"timeout\": 3600"))).Id;
        var first = (await agent.ReadAsync()).ShouldBeOk();
        var known = first;

        foreach (var change in new[] { """{"status_reason": "later"}""", """{"output_values": {"a": 1} }""", """{"status": "COMPLETE"}""", """{"status": "FAILED"}""" })
        {
            (await project.UpdateAsync(id, change)).ShouldBeOk();
            var response = await agent.ReadAsync();
            response.ShouldBeOk().Text.ShouldBe(first.Text, change);
            response.EntityTag.ShouldBe(first.EntityTag);
        }

        first.Json.GetProperty("deployments")[0].TryGetProperty("deadline", out _).ShouldBeTrue();
        foreach (var change in new[]
        {
            $$"""{"config_id": "{{other}}"}""", """{"action": "UPDATE"}""", """{"input_values": {"a": 1} }""", """{"status": "IN_PROGRESS"}""", """{"timeout": 60}""",
        })
        {
            (await project.UpdateAsync(id, change)).ShouldBeOk();
            var response = await agent.ReadAsync();
            response.ShouldBeOk().EntityTag.ShouldNotBe(known.EntityTag, change);
            response.Text.ShouldNotBe(known.Text, change);
            known = response;
        }

        (await project.DeleteAsync(id)).ShouldBeGone();
        (await agent.ReadAsync()).ShouldBeOk().EntityTag.ShouldNotBe(known.EntityTag);
    }

    [Test]
    public async Task Run_of_a_deployment_is_another_after_each_change_of_what_to_apply()
    {
        var (project, agent) = await StartAsync();
        var config = (await project.CreateConfigAsync("{}")).Id;
        var id = (await project.CreateAsync(Deploying(config))).Id;
        var runs = new List<string> { IdOf((await agent.ReadItemsAsync()).Single()) };

        foreach (var change in new[] { """{"action": "UPDATE"}""", """{"status": "COMPLETE"}""", """{"status": "IN_PROGRESS"}""" })
        {
            (await project.UpdateAsync(id, change)).ShouldBeOk();
            runs.Add(IdOf((await agent.ReadItemsAsync()).Single()));
        }

        runs[0].ShouldBe(id);
        runs[1].ShouldNotBe(id);
        runs[2].ShouldBe(runs[1]);
        runs.Distinct().Count().ShouldBe(3);
    }

    [Test]
    public async Task Document_is_JSON_in_UTF_8_that_is_not_cached_and_has_no_modification_time()
    {
        var (_, agent) = await StartAsync();

        var response = (await agent.ReadAsync()).ShouldBeOk();

        response.Headers["Content-Type"].ShouldBe("application/json; charset=utf-8");
        response.Headers["Cache-Control"].ShouldBe("no-store");
        response.Headers["ETag"].ShouldMatch("^\"[A-Za-z0-9_-]+\"$");
        response.Headers.ShouldNotContainKey("Last-Modified");
    }

    [Test]
    public async Task Head_looks_up_the_agent_and_makes_no_document()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString); // its reads wait with no others
        var (project, agent) = await StartAsync(service);
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateAsync(Deploying(config));
        using var statements = new Statements();

        var response = await service.SendAsync(Requests.Make(HttpMethod.Head, Agent.PathOf(agent.Address), statements.Trace));

        response.ShouldBeOk().Text.ShouldBeEmpty();
        response.Headers["Content-Type"].ShouldBe("application/json; charset=utf-8");
        response.Headers["Cache-Control"].ShouldBe("no-store");
        response.Headers.ShouldNotContainKey("Last-Modified");
        statements.Captured.ShouldHaveSingleItem().ShouldNotContain("software_");
        (await project.RevokeAgentAsync("s")).ShouldBeGone();
        (await service.SendAsync(Requests.Make(HttpMethod.Head, Agent.PathOf(agent.Address)))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Document_with_its_entity_tag_returns_304_and_reads_no_config()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString); // its reads wait with no others
        var (project, agent) = await StartAsync(service);
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateAsync(Deploying(config));
        var tag = (await agent.ReadAsync()).ShouldBeOk().EntityTag;
        using var statements = new Statements();

        foreach (var known in new[] { tag, $"W/{tag}", $"\"other\", {tag}", $"{tag[..^1]}-gzip\"", "*" })
        {
            var response = await agent.ReadAsync("", (IfNoneMatch, known), statements.Trace);
            response.Status.ShouldBe(HttpStatusCode.NotModified, known);
            response.EntityTag.ShouldBe(tag);
            response.Text.ShouldBeEmpty();
            response.Headers["Cache-Control"].ShouldBe("no-store");
        }

        statements.Captured.Count.ShouldBe(5);
        (await agent.ReadAsync("", (IfNoneMatch, "\"other\""))).ShouldBeOk();
        (await agent.ReadAsync("", (IfNoneMatch, "nonsense"))).ShouldBeOk();
    }

    [Test]
    public async Task Address_of_a_former_key_hands_out_that_of_the_present_one_until_the_key_is_removed()
    {
        var (project, agent) = await StartAsync();
        var newKey = new byte[32];
        Random.Shared.NextBytes(newKey);
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateAsync(Deploying(config));
        var before = (await agent.ReadAsync()).ShouldBeOk();
        await using var both = await StartWithKeysAsync(newKey, Service.AgentKey);
        await using var onlyNew = await StartWithKeysAsync(newKey);

        var rotated = await (agent with { Service = both }).ReadAsync("", (IfNoneMatch, before.EntityTag));

        rotated.ShouldBeOk().EntityTag.ShouldNotBe(before.EntityTag);
        var next = new Agent(onlyNew, rotated.Json.GetProperty("os-collect-config").GetProperty("request").GetProperty("metadata_url").GetString()!);
        next.Mac.ShouldBe(Agent.Sign(newKey, "metadata", project.Id, agent.Id));
        var signal = Agent.SignalAddress(rotated.Json.GetProperty("deployments")[0]);
        (await next.ReadAsync()).ShouldBeOk();
        (await (agent with { Service = onlyNew }).ReadAsync()).ShouldBeError(HttpStatusCode.NotFound);
        (await next.SignalAsync(Agent.SignalAddress(before.Json.GetProperty("deployments")[0]), "{}")).ShouldBeError(HttpStatusCode.NotFound);
        (await next.SignalAsync(signal, "{}")).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [Test]
    public async Task Document_of_many_large_configs_is_whole_and_in_order()
    {
        var (project, agent) = await StartAsync();
        var ids = new List<string>();
        for (var number = 0; number < 12; number++)
        {
            var config = (await project.CreateConfigAsync($$"""{"name": "{{number:D2}}", "config": "{{new string('x', 900_000)}}"}""")).Id;
            ids.Add((await project.CreateAsync(Deploying(config))).Id);
        }

        (await agent.ReadItemsAsync()).Select(IdOf).ShouldBe(ids);
    }

    [Test]
    public async Task Document_of_1_000_deployments_is_whole_and_in_order()
    {
        var (project, agent) = await StartAsync();
        var config = (await project.CreateConfigAsync("{}")).Id;
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat(Deploying(config), 1_000))).Ids;

        (await agent.ReadItemsAsync()).Select(IdOf).ShouldBe(ids);
    }

    [Test]
    public async Task Document_whose_database_fails_in_the_middle_breaks_off()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        for (var number = 0; number < 12; number++)
        {
            var config = (await project.CreateConfigAsync($$"""{"name": "{{number:D2}}", "config": "{{new string('x', 900_000)}}"}""")).Id;
            await project.CreateAsync(Deploying(config));
        }

        var agent = await Agent.CreateAsync(project, service: service);
        using var client = new TcpClient { ReceiveBufferSize = 32 * 1024 };
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {Agent.PathOf(agent.Address)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        await stream.ReadExactlyAsync(new byte[1]);

        string rest;
        proxy.Close();
        using (service.ShortenBudgets())
        {
            using var all = new MemoryStream();
            try
            {
                await stream.CopyToAsync(all).WaitAsync(Service.Timeout);
            }
            catch (IOException)
            {
                // Reset: what came of it counts.
            }

            rest = Encoding.UTF8.GetString(all.ToArray());
        }

        proxy.Open(); // the service stores at its end when the agent was seen, and would try for as long as a request may take here
        rest.ShouldStartWith("TTP/1.1 200 OK");
        rest.ShouldNotContain("os-collect-config");
        rest.EndsWith("0\r\n\r\n", StringComparison.Ordinal).ShouldBeFalse("A response in chunks that ends so is complete.");
    }

    [Test]
    public async Task Document_and_signal_return_503_while_the_database_is_unreachable()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateAsync(Deploying(config));
        var agent = await Agent.CreateAsync(project, service: service);
        var signal = Agent.SignalAddress((await agent.ReadItemsAsync()).Single());

        proxy.Close();
        using (service.ShortenBudgets())
        {
            var responses = await Task.WhenAll(agent.ReadAsync(), agent.ReadOnAsync(service, HttpMethod.Head), agent.SignalAsync(signal, "{}"), project.CreateAgentAsync("""{"server_id": "s"}"""));

            responses.ShouldAllBe(response => response.Status == HttpStatusCode.ServiceUnavailable);
            responses[0].ShouldBeError(HttpStatusCode.ServiceUnavailable);
            responses[2].ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers["Retry-After"].ShouldBe("30");
        }

        proxy.Open();
        (await agent.SignalAsync(signal, "{}")).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    private static async Task<(Project Project, Agent Agent)> StartAsync(Service? service = null)
    {
        var project = new Project(service);
        return (project, await Agent.CreateAsync(project, service: service));
    }

    private static Task<Service> StartWithKeysAsync(params byte[][] keys)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys);
        foreach (var (index, key) in keys.Index())
        {
            settings[$"Deployments:AgentKeys:{index}"] = Convert.ToBase64String(key);
        }

        return Service.StartReadyAsync(TestRun.ConnectionString, settings);
    }

    private static string Deploying(string config, string more = "\"action\": null") => $$"""{"config_id": "{{config}}", "server_id": "s", {{more}}}""";

    private static string IdOf(JsonElement item) => item.GetProperty("id").GetString()!;

    private static string OnOneLine(string text) => text.Replace("\n", string.Empty, StringComparison.Ordinal).Replace("\r", string.Empty, StringComparison.Ordinal);
}
