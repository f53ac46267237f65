using System.Diagnostics;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>No part of an agent's address is in a log, a trace, a metric, an error or what is stored, whatever becomes of the request.</summary>
public sealed class AddressSecrecyTests
{
    [Test]
    public async Task Addresses_are_in_no_log_trace_metric_and_error([Values("json", "simple")] string logFormat)
    {
        await using var collector = await Collector.StartAsync();
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await ServiceProcess.StartReadyAsync(Settings(collector, proxy, logFormat));
        var project = new Project();
        var (agent, signal) = await CreateAsync(service, project);
        var (path, signalPath) = (Agent.PathOf(agent), Agent.PathOf(signal));
        var responses = new List<ApiResponse>();

        var tag = (await SendAsync(HttpMethod.Get, path)).ShouldBeOk().EntityTag;
        await SendAsync(HttpMethod.Head, path);
        (await SendAsync(HttpMethod.Get, path, headers: ("If-None-Match", tag))).Status.ShouldBe(HttpStatusCode.NotModified);
        (await SendAsync(HttpMethod.Get, $"{path}?wait=99", headers: ("If-None-Match", tag))).ShouldBeError(HttpStatusCode.BadRequest, "wait");
        (await SendAsync(HttpMethod.Put, signalPath, "not JSON")).ShouldBeError(HttpStatusCode.BadRequest, "body");
        (await SendAsync(HttpMethod.Put, signalPath, new string('x', 1024 * 1024 + 1))).ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await SendAsync(HttpMethod.Put, signalPath, $$"""{"deploy_stderr": "{{signal}} {{agent}}"}""")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await SendAsync(HttpMethod.Delete, path)).ShouldBeError(HttpStatusCode.MethodNotAllowed);
        (await SendAsync(HttpMethod.Get, signalPath)).ShouldBeError(HttpStatusCode.MethodNotAllowed);
        foreach (var unknown in new[]
        {
            $"{path}A", $"{path}/a", path[..^1], $"/AGENTS{path["/agents".Length..]}A", $"//{path}", $"/prefix{path}", $"/prefix{signalPath}", $"/v1{path}", $"/v1/{project.Id}{path}",
            $"/v1/{project.Id}{signalPath}", $"/%61gents{path["/agents".Length..]}A", Encoded(path, "%2F"), Encoded(path, "%2f"), Encoded(path, "%252F"), Encoded(signalPath, "%2F"), $"/prefix%2F{Encoded(signalPath, "%2F")[1..]}",
        })
        {
            ((int)(await SendAsync(HttpMethod.Get, unknown)).Status).ShouldBeInRange(400, 499, unknown);
        }

        proxy.Close();
        (await SendAsync(HttpMethod.Get, path)).ShouldBeError(HttpStatusCode.ServiceUnavailable);
        (await SendAsync(HttpMethod.Put, signalPath, "{}")).ShouldBeError(HttpStatusCode.ServiceUnavailable);
        var log = (await service.StopAsync()).Output;

        log.ShouldContain("agents/{project}/{agent_id}/{mac} 200");
        log.ShouldContain("signals/{project}/{agent_id}/{deployment_id}/{run_id}/{mac} 204");
        collector.Received.Distinct().ShouldBe(Collector.Signals, ignoreOrder: true);
        collector.Knows("agents/{project}/{agent_id}/{mac}").ShouldBeTrue();
        var errors = string.Concat(responses.Where(response => response.Status >= HttpStatusCode.BadRequest).Select(response => response.Text));
        foreach (var secret in new[] { path.Split('/')[^1], path.Split('/')[^2], signalPath.Split('/')[^1] })
        {
            log.ShouldNotContain(secret);
            errors.ShouldNotContain(secret);
            collector.Knows(secret).ShouldBeFalse(secret);
        }

        async Task<ApiResponse> SendAsync(HttpMethod method, string target, string? body = null, params (string Name, string Value)[] headers)
        {
            var address = new Uri(service.Address.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            var request = Requests.Make(method, address, [.. headers, ("traceparent", $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01")]);
            request.Content = body is null ? null : Requests.Body(body);
            using var response = await service.Http.SendAsync(request);
            responses.Add(await ApiResponse.ReadAsync(response));
            return responses[^1];
        }
    }

    private static string Encoded(string path, string slash) => "/" + path[1..].Replace("/", slash, StringComparison.Ordinal);

    /// <returns>The address of the document and that of its only signal, by the instance itself.</returns>
    private static async Task<(string Agent, string Signal)> CreateAsync(ServiceProcess service, Project project)
    {
        var config = (await project.CreateConfigAsync("{}")).Id;
        (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s"}""")).ShouldBeOk();
        var create = Requests.Make(HttpMethod.Post, $"/v1/{project.Id}/agents", ("X-Auth-Token", project.Token.ToString()));
        create.Content = Requests.Body("""{"server_id": "s"}""");
        using var created = await service.Http.SendAsync(create);
        var agent = (await ApiResponse.ReadAsync(created)).ShouldBeOk().Json.GetProperty("agent").GetProperty("metadata_url").GetString()!;
        using var read = await service.Http.GetAsync(new Uri(agent));
        return (agent, Agent.SignalAddress((await ApiResponse.ReadAsync(read)).ShouldBeOk().Json.GetProperty("deployments")[0]));
    }

    private static Dictionary<string, string> Settings(Collector collector, Proxy proxy, string logFormat)
    {
        var settings = new Dictionary<string, string>(Token.IssuerSettings)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ConnectionStrings:Deployments"] = proxy.ConnectionString,
            ["Deployments:AgentKeys:0"] = Convert.ToBase64String(Service.AgentKey),
            ["Logging:Console:FormatterName"] = logFormat,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_TRACES_SAMPLER"] = "always_on",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        };
        foreach (var signal in Collector.Signals)
        {
            settings[$"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_ENDPOINT"] = $"{collector.Address}/v1/{signal}";
        }

        return settings;
    }
}
