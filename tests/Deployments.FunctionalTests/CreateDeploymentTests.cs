using System.Text;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

public sealed class CreateDeploymentTests
{
    private const string Emoji = "\U0001F680";

    private static string[] Statuses => ["COMPLETE", "IN_PROGRESS", "FAILED"];

    private static IEnumerable<TestCaseData> ValuesAtTheirLimit =>
    [
        .. from name in new[] { "config_id", "server_id", "action" }
           from character in new[] { "a", Emoji }
           select new TestCaseData(name, Repeat(character, 255)).SetArgDisplayNames(name, character),
        new TestCaseData("status_reason", Repeat("a", 16_384)).SetArgDisplayNames("status_reason", "a"),
        new TestCaseData("status_reason", Repeat(Emoji, 16_384)).SetArgDisplayNames("status_reason", Emoji),
        new TestCaseData("status_reason", string.Empty).SetArgDisplayNames("status_reason", "empty"),
        new TestCaseData("action", string.Empty).SetArgDisplayNames("action", "empty"),
    ];

    private static IEnumerable<TestCaseData> EchoedValues =>
    [
        Echo("empty", "{}"),
        Echo("key order", """{"z":1,"a":2,"m":{"y":1,"b":2},"aa":3}"""),
        Echo("number text", """{"a":1e400,"b":1.0,"c":12345678901234567890123,"d":-0,"e":1E+2,"f":0.10}"""),
        Echo("every kind", """{"null":null,"true":true,"false":false,"list":[1,"two",[],{}],"text":"","CamelCase":0}"""),
        Echo("64 levels of objects", Nested("""{"a":""", "}", 64)),
        Echo("64 levels of lists", $$"""{"a":{{Nested("[", "]", 63)}}}"""),
        Echo("long key", $$"""{"{{Repeat("k", 70_000)}}":1}"""),
        Echo("empty key", """{"":1," ":2}"""),
        Echo("keys that differ in case", """{"a":1,"A":2}"""),
        Echo("unicode", $$"""{"日本語":"{{Emoji}} ß é é ‮","\u2028":"<>&'+"}"""),
        Echo("text like that of a serialiser", """{"$type":"System.Object","$id":"1","__proto__":{}}"""),
    ];

    private static IEnumerable<TestCaseData> UnusualButValidBodies =>
    [
        new TestCaseData(Encoding.UTF8.GetPreamble().Concat(Encoding.UTF8.GetBytes(Project.Minimal)).ToArray())
            .SetArgDisplayNames("byte order mark"),
        new TestCaseData(Encoding.UTF8.GetBytes($" \r\n\t{Project.Minimal}\r\n \t")).SetArgDisplayNames("white space around it"),
        new TestCaseData(Encoding.UTF8.GetBytes("""{"conf\u0069g_id": "a config", "server_id": "a \u0073erver"}"""))
            .SetArgDisplayNames("escapes in names and values"),
    ];

    [Test]
    public async Task Create_deployment_with_required_fields_only_returns_200_with_defaults()
    {
        var deployment = (await new Project().CreateAsync(Project.Minimal)).Deployment;

        deployment.GetProperty("config_id").GetString().ShouldBe("a config");
        deployment.GetProperty("server_id").GetString().ShouldBe("a server");
        deployment.GetProperty("status").GetString().ShouldBe("IN_PROGRESS");
        foreach (var field in new[] { "action", "input_values", "output_values", "status_reason" })
        {
            deployment.GetProperty(field).ValueKind.ShouldBe(JsonValueKind.Null, field);
        }

        deployment.TryGetProperty("updated_time", out _).ShouldBeFalse();
        deployment.TryGetProperty("stack_user_project_id", out _).ShouldBeFalse();
    }

    [Test]
    public async Task Create_deployment_with_every_field_stores_them()
    {
        var deployment = (await new Project().CreateAsync(
            """
            {"config_id": "c", "server_id": "s", "action": "SUSPEND", "input_values": {"a": 1}, "status": "FAILED",
             "status_reason": "why", "stack_user_project_id": "another"}
            """)).Deployment;

        deployment.GetProperty("action").GetString().ShouldBe("SUSPEND");
        deployment.GetProperty("input_values").GetRawText().ShouldBe("""{"a":1}""");
        deployment.GetProperty("status").GetString().ShouldBe("FAILED");
        deployment.GetProperty("status_reason").GetString().ShouldBe("why");
    }

    [TestCaseSource(nameof(Statuses))]
    public async Task Create_deployment_with_each_status_returns_it(string status)
    {
        var response = await new Project().CreateAsync($$"""{"config_id": "c", "server_id": "s", "status": "{{status}}"}""");

        response.Deployment.GetProperty("status").GetString().ShouldBe(status);
    }

    [Test]
    public async Task Create_deployment_treats_null_as_missing()
    {
        var deployment = (await new Project().CreateAsync(
            """
            {"config_id": "c", "server_id": "s", "action": null, "input_values": null, "status": null,
             "status_reason": null, "stack_user_project_id": null}
            """)).Deployment;

        deployment.GetProperty("status").GetString().ShouldBe("IN_PROGRESS");
        deployment.GetProperty("action").ValueKind.ShouldBe(JsonValueKind.Null);
        deployment.GetProperty("input_values").ValueKind.ShouldBe(JsonValueKind.Null);
        deployment.GetProperty("status_reason").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Test]
    public async Task Create_deployment_ignores_unknown_and_read_only_fields()
    {
        const string id = "ef422fa5-719a-419e-a10c-72e3a367b0b8";

        var response = await new Project().CreateAsync(
            $$"""
            {"config_id": "c", "server_id": "s", "tenant_id": 3, "Action": "X", "id": "{{id}}", "project_id": "another",
             "creation_time": "2015-01-31T15:12:36Z", "output_values": {"a": 1}, "unknown": {"a": [1]} }
            """);

        response.Id.ShouldNotBe(id);
        response.Deployment.EnumerateObject().Count().ShouldBe(9);
        response.Deployment.GetProperty("action").ValueKind.ShouldBe(JsonValueKind.Null);
        response.Deployment.GetProperty("output_values").ValueKind.ShouldBe(JsonValueKind.Null);
        response.Deployment.GetProperty("creation_time").GetString().ShouldNotStartWith("2015");
    }

    [TestCaseSource(nameof(ValuesAtTheirLimit))]
    public async Task Create_deployment_with_a_value_at_its_limit_stores_it_unchanged(string field, string value)
    {
        var project = new Project();
        var members = new Dictionary<string, string> { ["config_id"] = "c", ["server_id"] = "s", [field] = value };

        var created = await project.CreateAsync(JsonSerializer.Serialize(members));

        created.Deployment.GetProperty(field).GetString().ShouldBe(value);
        (await project.GetAsync(created.Id)).Deployment.GetProperty(field).GetString().ShouldBe(value);
    }

    [Test]
    public async Task Create_deployment_with_a_second_project_of_64_characters_stores_it()
    {
        var owner = new Project();
        var second = new Project(id: Repeat("p", 32) + Guid.NewGuid().ToString("N"));

        var created = await owner.CreateAsync(
            $$"""{"config_id": "c", "server_id": "s", "stack_user_project_id": "{{second.Id}}"}""");

        (await second.GetAsync(created.Id)).ShouldBeOk();
    }

    [TestCaseSource(nameof(EchoedValues))]
    public async Task Create_deployment_returns_input_values_unchanged(string values)
    {
        var project = new Project();

        var created = await project.CreateAsync($$"""{"config_id": "c", "server_id": "s", "input_values": {{values}}}""");
        var read = await project.GetAsync(created.ShouldBeOk().Id);

        var expected = Spelled(JsonElement.Parse(values));
        Spelled(created.Deployment.GetProperty("input_values")).ShouldBe(expected);
        Spelled(read.Deployment.GetProperty("input_values")).ShouldBe(expected);
    }

    [TestCaseSource(nameof(UnusualButValidBodies))]
    public async Task Create_deployment_with_an_unusual_but_valid_body_returns_200(byte[] body)
    {
        var deployment = (await new Project().CreateAsync(Requests.Body(body, Requests.Json))).Deployment;

        deployment.GetProperty("config_id").GetString().ShouldBe("a config");
        deployment.GetProperty("server_id").GetString().ShouldBe("a server");
    }

    [Test]
    public async Task Create_deployment_with_a_chunked_body_returns_200()
    {
        var reason = Repeat("reason ", 2_000);
        var body = $$"""{"config_id": "c", "server_id": "s", "status_reason": "{{reason}}"}""";

        var response = await new Project().CreateAsync(Requests.Chunked(Encoding.UTF8.GetBytes(body)));

        response.Deployment.GetProperty("status_reason").GetString().ShouldBe(reason);
    }

    [Test]
    public async Task Get_deployment_by_id_and_by_location_returns_the_created_deployment()
    {
        var project = new Project();

        var created = await project.CreateAsync(
            """{"config_id": "c", "server_id": "s/1", "action": "CREATE", "input_values": {"b": 1.0, "a": null}, "status_reason": "é"}""");
        var byId = await project.GetAsync(created.ShouldBeOk().Id);
        var location = new Uri(TestRun.Service.Address, created.Headers["Location"]);
        var byLocation = await TestRun.Service.GetAsync(location.ToString(), ("X-Auth-Token", project.Token.ToString()));

        byId.ShouldBeOk().Text.ShouldBe(created.Text);
        byLocation.ShouldBeOk().Text.ShouldBe(created.Text);
    }

    private static TestCaseData Echo(string name, string values) => new TestCaseData(values).SetArgDisplayNames(name);

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private static string Nested(string open, string close, int levels) =>
        Repeat(open, levels - 1) + (open[0] == '[' ? "[]" : "{}") + Repeat(close, levels - 1);

    // The text of a value with nothing but the escapes in its strings resolved: unlike a comparison of values it includes the order of
    // keys and the text of numbers.
    private static string Spelled(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().Select(member => $"'{member.Name}':{Spelled(member.Value)}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Spelled))}]",
        JsonValueKind.String => $"'{value.GetString()}'",
        _ => value.GetRawText(),
    };
}
