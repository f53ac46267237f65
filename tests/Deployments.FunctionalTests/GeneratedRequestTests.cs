using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>
/// Random requests to all operations: none returns 5xx, and accepted values are returned unchanged. FAULTS=full sends 100,000 of them.
/// GENERATED_SEED repeats those of an earlier run.
/// </summary>
public sealed class GeneratedRequestTests
{
    private const int Callers = 8;
    private const int Rows = 30; // that a caller keeps to change, read and delete
    private const double LeastAccepted = 0.3;

    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 100 };

    [Test]
    public async Task Generated_requests_never_return_5xx_and_accepted_values_are_returned_unchanged()
    {
        var requests = Environment.GetEnvironmentVariable("FAULTS") == "full" ? 100_000 : 3_000;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("GENERATED_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given
            : Random.Shared.Next();
        await TestContext.Progress.WriteLineAsync($"{requests} generated requests, GENERATED_SEED={seed}");
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Logging:LogLevel:Deployments.Api.Requests"] = "None" });
        var statuses = new ConcurrentDictionary<string, int>();

        var operations = (await Operation.ListAsync()).Select(operation => operation.ToString()).ToHashSet();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(
            () => new Caller(service, seed, caller, statuses, operations).SendAsync(requests / Callers))));

        var total = statuses.Values.Sum();
        var accepted = statuses.Where(status => status.Key[0] == '2').Sum(status => status.Value);
        await TestContext.Progress.WriteLineAsync(
            $"{total} requests by status: {string.Join(", ", statuses.OrderBy(status => status.Key).Select(status => $"{status.Value} of {status.Key}"))}");
        statuses.ShouldNotContain(status => status.Key[0] == '5');
        total.ShouldBeGreaterThanOrEqualTo(requests);
        accepted.ShouldBeGreaterThanOrEqualTo((int)(LeastAccepted * total));
        operations.ShouldBeEmpty("Each operation must have been accepted at least once.");
    }

    /// <summary>Sends requests one after the other in a project of its own, chosen by a seed of its own.</summary>
    private sealed class Caller(Service service, int seed, int number, ConcurrentDictionary<string, int> statuses, HashSet<string> untried)
    {
        private readonly Random random = new(unchecked((seed * 31) + number));
        private readonly GeneratedJson json = new(new Random(unchecked((seed * 37) + number)));
        private readonly Project project = new(service);
        private readonly List<string> deployments = [];
        private readonly List<string> configs = [];
        private int sent;

        private string Where => $"GENERATED_SEED={seed}, caller {number}, request {sent}";

        public async Task SendAsync(int requests)
        {
            while (sent < requests)
            {
                await (random.Next(20) switch
                {
                    < 5 => CreateAsync(),
                    < 6 => CreateBatchAsync(),
                    < 9 => UpdateAsync(),
                    < 11 => ReadAsync(),
                    < 12 => DeleteAsync(),
                    < 14 => CreateConfigAsync(),
                    < 15 => ValidateAsync(),
                    < 16 => ListAsync(),
                    < 17 => json.Chance(0.5) ? MetadataAsync() : AgentAsync(),
                    < 18 => WanderAsync(),
                    _ => RawAsync(),
                });
            }
        }

        private async Task CreateAsync()
        {
            var sentMembers = Deployment();
            var response = await PostAsync("POST", "software_deployments", json.Members(sentMembers));
            if (response.Status != HttpStatusCode.OK)
            {
                return;
            }

            if (!WasBroken)
            {
                ShouldShow(response.Deployment, sentMembers);
            }

            var shown = await CountedAsync("GET", "software_deployments/{id}", project.GetAsync(response.Id));
            shown.Text.ShouldBe(response.Text, Where);
            await KeepAsync(deployments, response.Id, id => project.DeleteAsync(id));
        }

        private async Task CreateBatchAsync()
        {
            var all = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Deployment()).ToList();
            var response = await PostAsync("POST", "software_deployments/batch", $$"""{"software_deployments": [{{string.Join(',', all.Select(json.Members))}}]}""");
            if (response.Status == HttpStatusCode.OK && !WasBroken)
            {
                response.Items.Count.ShouldBe(all.Count, Where);
                foreach (var (item, members) in response.Items.Zip(all))
                {
                    ShouldShow(item, members);
                    var shown = await CountedAsync("GET", "software_deployments/{id}", project.GetAsync(item.GetProperty("id").GetString()!));
                    shown.Deployment.GetRawText().ShouldBe(item.GetRawText(), Where);
                }
            }
        }

        private async Task UpdateAsync()
        {
            var id = OneOf(deployments);
            var members = Deployment().Where(member => member.Name is not ("server_id" or "stack_user_project_id")).ToList();
            if (json.Chance(0.3))
            {
                members.Add(("output_values", json.Object()));
            }

            var response = await PostAsync("PUT", "software_deployments/{id}", json.Members(members), id);
            if (response.Status == HttpStatusCode.OK)
            {
                if (!WasBroken)
                {
                    ShouldShow(response.Deployment, members.Where(member => member.Value != "null"));
                }

                (await CountedAsync("GET", "software_deployments/{id}", project.GetAsync(id))).Text.ShouldBe(response.Text, Where);
                var events = await CountedAsync("GET", "software_deployments/{id}/events", project.ListEventsAsync(id));
                events.Items[^1].GetProperty("status").GetString().ShouldBe(response.Deployment.GetProperty("status").GetString(), Where);
            }
        }

        private async Task ReadAsync()
        {
            if (json.Chance(0.2))
            {
                var query = json.One("", "?limit=3", "?order=desc", "?after=now", "?status=FAILED&server_id=a", "?after=banana", "?wait=x");
                await SendAsync("GET", "events", $"events{query}");
                return;
            }

            var (path, id) = json.Chance(0.5) ? ("software_deployments", OneOf(deployments)) : ("software_configs", OneOf(configs));
            var events = path == "software_deployments" && json.Chance(0.3) ? "/events" : string.Empty;
            await SendAsync("GET", $"{path}/{{id}}{events}", $"{path}/{id}{events}");
        }

        private async Task DeleteAsync()
        {
            if (json.Chance(0.5))
            {
                await SendAsync("DELETE", "software_deployments/{id}", $"software_deployments/{OneOf(deployments)}");
            }
            else
            {
                await SendAsync("DELETE", "software_configs/{id}", $"software_configs/{OneOf(configs)}");
            }
        }

        private async Task CreateConfigAsync()
        {
            var members = Config();
            var response = await PostAsync("POST", "software_configs", json.Members(members));
            if (response.Status != HttpStatusCode.OK)
            {
                return;
            }

            if (!WasBroken)
            {
                ShouldShow(response.Config, members.Where(member => member.Name is not ("inputs" or "outputs") && member.Value != "null"));
            }

            (await CountedAsync("GET", "software_configs/{id}", project.GetConfigAsync(response.Id))).Text.ShouldBe(response.Text, Where);
            await KeepAsync(configs, response.Id, project.DeleteConfigAsync);
        }

        private async Task ValidateAsync() => await PostAsync(
            "POST",
            "validate",
            $$$"""
            {"template": {"heat_template_version": "2013-05-23", "resources":
             { {{{json.Quoted(json.Text(20))}}}: {"type": "OS::Heat::SoftwareConfig", "properties": {{{json.Members(Config())}}} } } } }
            """);

        private async Task ListAsync()
        {
            var path = json.One("software_deployments", "software_configs", "servers");
            var parameters = Enumerable.Range(0, random.Next(3)).Select(_ => json.One("limit", "marker", "server_id", "config_id", "action", "status", "sort_dir", "server_id_prefix", "unknown", json.Text(10)));
            var query = string.Join('&', parameters.Select(name => $"{Encoded(name)}={Parameter(name)}"));
            await SendAsync("GET", path, $"{path}?{query}");
        }

        private string Parameter(string name) => json.Chance(0.3)
            ? Encoded(json.Text(50))
            : name switch
            {
                "limit" => json.One("1", "2", "1000", "1001", "0", "-1", "2147483648", "1e1", "+1", "%31", "9".PadLeft(400, '9')),
                "marker" => json.One(OneOf(deployments), Guid.Empty.ToString(), "ffffffff-ffff-ffff-ffff-ffffffffffff", "%00", "%ff"),
                "sort_dir" => json.One("asc", "desc", "ASC"),
                "status" => json.One("COMPLETE", "complete", "FAILED", "0", "%ED%A0%80"),
                _ => json.One("a", string.Empty, "%00", "%FF", "%F0%9F%9A%80", "+", "%2B", "%25", "%"),
            };

        private async Task MetadataAsync() => await SendAsync(
            "GET", "software_deployments/metadata/{server_id}", $"software_deployments/metadata/{(json.Chance(0.5) ? json.One("a", "a/b", "a%2Fb", "..", "a//b", "%25") : Encoded(json.Text(300)))}");

        /// <summary>An agent that reads what to apply, reports anything, and may be revoked.</summary>
        private async Task AgentAsync()
        {
            var server = json.Chance(0.7) ? "a" : json.Text(255);
            var created = await PostAsync("POST", "agents", json.Members([("server_id", json.Quoted(server)), ("an unknown one", json.Value())]));
            if (created.Status == HttpStatusCode.OK && !WasBroken)
            {
                var agent = new Agent(service, created.Json.GetProperty("agent").GetProperty("metadata_url").GetString()!);
                foreach (var item in (await agent.ReadItemsAsync()).Take(3))
                {
                    var report = json.Chance(0.5) ? Encoding.UTF8.GetBytes(json.Object()) : json.Broken(json.Value());
                    Count("PUT", null, await agent.SignalAsync(Agent.SignalAddress(item), Requests.Body(report, null)));
                }
            }

            if (json.Chance(0.3))
            {
                await SendAsync("DELETE", "agents/{server_id}", $"agents/{Encoded(server)}");
            }
        }

        /// <summary>Random paths and methods, most of which do not exist.</summary>
        private async Task WanderAsync()
        {
            var parts = Enumerable.Range(0, random.Next(1, 6)).Select(_ => json.One(
                "v1", project.Id, "software_deployments", "software_configs", "metadata", "batch", "events", "validate", "agents", "signals", "healthz", "live", "openapi", "swagger",
                "%2e%2e", "%00", "%ff", "%C0%AF", "a b".Replace(' ', '+'), new string('x', random.Next(1, 7_000)), Encoded(json.Text(30)), OneOf(deployments), "{id}"));
            var method = json.One("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW");
            var body = method is "POST" or "PUT" or "PATCH" or "DELETE" ? json.Value() : null;
            Count(method, null, await project.SendAsync(new HttpMethod(method), "/" + string.Join(json.Chance(0.9) ? "/" : "//", parts), body));
        }

        /// <summary>With headers and framing that no client would send.</summary>
        private async Task RawAsync()
        {
            var create = json.Chance(0.5);
            var body = create ? Encoding.UTF8.GetBytes(json.Members(Deployment())) : [];
            var head = new StringBuilder(create ? $"POST {project.Path} HTTP/1.1\r\n" : $"GET {project.Path}/{OneOf(deployments)} HTTP/1.1\r\n");
            head.Append("Host: a\r\n").Append(CultureInfo.InvariantCulture, $"X-Auth-Token: {project.Token}\r\n");
            if (create)
            {
                var chunked = json.Chance(0.2);
                head.Append("Content-Type: application/json\r\n").Append(
                    chunked ? "Transfer-Encoding: chunked\r\n" : $"Content-Length: {body.Length}\r\n");
                body = chunked ? [.. Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8] : body;
            }

            for (var headers = random.Next(3); headers > 0; headers--)
            {
                var name = json.One(
                    "Accept", "Accept-Charset", "If-Match", "If-None-Match", "Content-Type", "Content-Encoding", "Content-Length", "Expect", "Host", "Cookie",
                    "X-Openstack-Request-Id", "X-Forwarded-Proto", "X-Forwarded-Host", "X-HTTP-Method-Override", "Idempotency-Key", "traceparent", "Authorization",
                    "Range", "Upgrade", "Transfer-Encoding", "Date", "X-Odd");
                head.Append(name).Append(": ").Append(HeaderValue()).Append("\r\n");
            }

            var response = await RawHttp.SendAsync(service, Encoding.Latin1.GetBytes(head.ToString()), body);
            Count(create ? "POST" : "GET", null, response);
            if (create && response is { Status: HttpStatusCode.OK } && response.Headers.ContainsKey("Location"))
            {
                (await CountedAsync("GET", "software_deployments/{id}", project.GetAsync(response.Id))).Text.ShouldBe(response.Text, Where);
            }
        }

        private string HeaderValue() => random.Next(6) switch
        {
            0 => string.Empty,
            1 => new string((char)random.Next(0x21, 0x100), random.Next(1, 4_000)),
            2 => json.One("*", "*/*", "\"1\"", "W/\"1\"", "\"1\", \"2\"", "\"", "\"99999999999999999999\"", "application/json", "text/html;q=0.1, */*;q=0"),
            3 => json.One("100-continue", "chunked", "gzip", "identity", "0", "-1", "req-00000000-0000-0000-0000-000000000000", "Bearer x", "Bearer", "bytes=0-1", "h2c"),
            4 => new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(0x20, 0x7F))]),
            _ => new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)json.One(9, random.Next(1, 0x20), random.Next(0x80, 0x100)))])
                .Replace('\n', ' ').Replace('\r', ' '),
        };

        private List<(string Name, string Value)> Deployment()
        {
            List<(string, string)> members =
                [("config_id", json.Quoted(json.Chance(0.2) ? OneOf(configs) : json.Text(255))), ("server_id", json.Quoted(json.Chance(0.3) ? "a" : json.Text(255)))];
            MayBe("action", () => json.Quoted(json.Text(255)));
            MayBe("input_values", () => json.Object());
            MayBe("status", () => json.Quoted(json.One("COMPLETE", "IN_PROGRESS", "FAILED")));
            MayBe("status_reason", () => json.Quoted(json.Chance(0.1) ? string.Empty : json.Text(json.Chance(0.05) ? 16_384 : 300)));
            MayBe("stack_user_project_id", () => json.Quoted(json.Text(64)));
            MayBe("an unknown one", () => json.Value());
            return members;

            void MayBe(string name, Func<string> value)
            {
                if (json.Chance(0.4))
                {
                    members.Add((name, json.Chance(0.1) ? "null" : value()));
                }
            }
        }

        private List<(string Name, string Value)> Config()
        {
            List<(string, string)> members = [];
            foreach (var (name, value) in new (string, Func<string>)[]
            {
                ("name", () => json.Quoted(json.Text(255))),
                ("group", () => json.Quoted(json.Text(255))),
                ("config", () => json.Value()),
                ("options", () => json.Object()),
                ("inputs", () => $"[{string.Join(',', Enumerable.Range(0, random.Next(3)).Select(i => json.Members([("name", json.Quoted($"{i}{json.Text(20)}")), ("type", "\"Json\""), ("default", json.Value()), ("value", json.Value())])))}]"),
                ("outputs", () => $"[{string.Join(',', Enumerable.Range(0, random.Next(3)).Select(i => json.Members([("name", json.Quoted($"{i}{json.Text(20)}")), ("error_output", json.One("true", "false"))])))}]"),
            })
            {
                if (json.Chance(0.6))
                {
                    members.Add((name, json.Chance(0.1) ? "null" : value()));
                }
            }

            return members;
        }

        private bool WasBroken { get; set; }

        /// <summary>Sends a body, as it is or broken.</summary>
        private async Task<ApiResponse> PostAsync(string method, string template, string body, string id = "")
        {
            WasBroken = json.Chance(0.25);
            var request = Requests.Make(
                new HttpMethod(method),
                service.Absolute($"/v1/{project.Id}/{template.Replace("{id}", id, StringComparison.Ordinal)}"),
                ("X-Auth-Token", project.Token.ToString()));
            var bytes = WasBroken ? json.Broken(body) : Encoding.UTF8.GetBytes(json.Space() + body + json.Space());
            request.Content = json.Chance(0.1) ? Requests.Chunked(bytes) : Requests.Body(bytes, Requests.Json);
            var response = await CountedAsync(method, template, service.SendAsync(request));
            if (!WasBroken)
            {
                response.Status.ShouldBeOneOf([HttpStatusCode.OK, .. method == "PUT" ? [HttpStatusCode.NotFound] : Array.Empty<HttpStatusCode>()], $"{Where}\n{body}\n{response.Text}");
            }

            return response;
        }

        private Task<ApiResponse> SendAsync(string method, string template, string path) =>
            CountedAsync(method, template, project.SendAsync(new HttpMethod(method), $"/v1/{project.Id}/{path}"));

        private async Task<ApiResponse> CountedAsync(string method, string template, Task<ApiResponse> sending)
        {
            var response = await sending;
            Count(method, template, response);
            return response;
        }

        private void Count(string method, string? template, ApiResponse? response)
        {
            sent++;
            statuses.AddOrUpdate(response is null ? "connection closed" : $"{(int)response.Status}", 1, (_, before) => before + 1);
            if (response is null)
            {
                return;
            }

            ((int)response.Status).ShouldBeLessThan(500, $"{Where}: {response.Text}");
            if (response.Status < HttpStatusCode.MultipleChoices)
            {
                lock (untried)
                {
                    untried.Remove($"{method} /v1/{{project_id}}/{template}");
                }
            }
            else if (response.Text.Length > 0 && response.Headers["Content-Type"] == "application/json" && (int)response.Status >= 400)
            {
                response.Json.GetProperty("code").GetInt32().ShouldBe((int)response.Status, Where);
                response.Json.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty(Where);
            }
        }

        /// <summary>Every sent member that is part of the response is returned unchanged.</summary>
        private void ShouldShow(JsonElement shown, IEnumerable<(string Name, string Value)> members)
        {
            foreach (var (name, value) in members.Where(member => member.Name is not ("stack_user_project_id" or "an unknown one")))
            {
                var expected = name == "status" && value == "null" ? "\"IN_PROGRESS\"" : value;
                Canonical(shown.GetProperty(name)).ShouldBe(Canonical(JsonElement.Parse(expected, Deep)), $"{Where}: {name}");
            }
        }

        private async Task KeepAsync(List<string> rows, string id, Func<string, Task<ApiResponse>> delete)
        {
            rows.Add(id);
            if (rows.Count > Rows)
            {
                await CountedAsync("DELETE", $"{(rows == configs ? "software_configs" : "software_deployments")}/{{id}}", delete(rows[0]));
                rows.RemoveAt(0);
            }
        }

        private string OneOf(List<string> rows) => rows.Count > 0 && json.Chance(0.9) ? rows[random.Next(rows.Count)] : Operation.NobodysId;

        private static string Encoded(string text) => Uri.EscapeDataString(text);

        /// <summary>The text of a value without white space and escapes; order and numbers unchanged.</summary>
        private static string Canonical(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().Select(member => $"<{member.Name}>:{Canonical(member.Value)}"))}}}",
            JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Canonical))}]",
            JsonValueKind.String => $"<{value.GetString()}>",
            _ => value.GetRawText(),
        };
    }
}
