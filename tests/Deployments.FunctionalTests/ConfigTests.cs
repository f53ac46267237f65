using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Creating, reading and deleting configs, which are immutable.</summary>
public sealed class ConfigTests
{
    private const string Emoji = "\U0001F680";

    private static IEnumerable<TestCaseData> Defaults =>
    [
        .. from fit in new (string Type, string[] Values)[]
           {
               ("String", ["\"\"", "\"text\""]),
               ("Number", ["0", "-1.50", "1e400", "12345678901234567890123", "\"3\"", "\"-1.5e3\""]),
               ("Boolean", ["true", "false", "\"true\"", "\"false\""]),
               ("CommaDelimitedList", ["[]", "[\"a\",1]", "\"a,b\"", "\"\""]),
               ("Json", ["{\"b\":1,\"a\":2.0}", "[]", "\"text\"", "3", "false"]),
           }
           from value in fit.Values
           select new TestCaseData(fit.Type, value).SetArgDisplayNames(fit.Type, value),
    ];

    private static string[] Values =>
    [
        "\"#!/bin/sh\\necho <&'> é\"", "\"\"", "null", "true", "0", "-0", "1e400", "1.0", "12345678901234567890123", "[]", "[1,[2.50,null],{}]",
        "{}", """{"z":1,"a":{"y":2.0,"b":1E+2},"m":null,"":0}""",
    ];

    [Test]
    public async Task Create_config_with_empty_object_returns_200_with_defaults()
    {
        var before = DateTimeOffset.UtcNow;

        var created = await new Project().CreateConfigAsync("{}");

        created.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["software_config"]);
        created.Config.EnumerateObject().Select(member => member.Name)
            .ShouldBe(["id", "name", "group", "creation_time", "config", "inputs", "outputs", "options"]);
        created.Id.ShouldMatch("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$");
        var time = created.Config.GetProperty("creation_time").GetString()!;
        time.ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$");
        DateTimeOffset.Parse(time, null).ShouldBeInRange(before.AddSeconds(-1), DateTimeOffset.UtcNow);
        Rest(created).ShouldBe(["name: null", "group: null", "config: null", "inputs: []", "outputs: []", "options: {}"]);
    }

    [Test]
    public async Task Create_config_treats_null_as_missing_and_ignores_unknown_fields()
    {
        var created = await new Project().CreateConfigAsync(
            """
            {"name": null, "group": null, "config": null, "inputs": null, "outputs": null, "options": null,
             "id": "0197f3a0-0000-7000-8000-000000000000", "creation_time": "2015-01-31T15:12:36Z", "tenant_id": 3}
            """);

        Rest(created).ShouldBe(["name: null", "group: null", "config: null", "inputs: []", "outputs: []", "options: {}"]);
        created.Id.ShouldNotBe("0197f3a0-0000-7000-8000-000000000000");
        created.Config.GetProperty("creation_time").GetString().ShouldNotStartWith("2015");
    }

    [Test]
    public async Task Create_config_with_every_field_stores_them()
    {
        var project = new Project();

        var created = await project.CreateConfigAsync(
            """
            {"name": "n", "group": "script", "config": "#!/bin/sh\n", "options": {"z": 1.0, "a": null},
             "inputs": [
               {"value": {"b": 1, "a": 2.0}, "replace_on_change": true, "default": "3", "type": "Number", "description": "d", "name": "full"},
               {"name": "least"},
               {"name": "false", "description": "", "replace_on_change": false, "default": null, "value": null, "type": null},
               {"name": "FULL", "type": "Boolean", "default": false, "value": false}],
             "outputs": [
               {"error_output": true, "type": "Json", "description": "d", "name": "full"},
               {"name": "least", "error_output": null, "type": null, "description": null}]}
            """);

        Rest(created).ShouldBe(
        [
            "name: \"n\"",
            "group: \"script\"",
            "config: \"#!/bin/sh\\n\"",
            """
            inputs: [{"name":"full","description":"d","type":"Number","default":"3","replace_on_change":true,"value":{"b":1,"a":2.0}},
            """ + """
            {"name":"least","type":"String"},
            """ + """
            {"name":"false","description":"","type":"String","value":null},
            """ + """
            {"name":"FULL","type":"Boolean","default":false,"value":false}]
            """,
            """
            outputs: [{"name":"full","description":"d","type":"Json","error_output":true},{"name":"least","type":"String","error_output":false}]
            """,
            """
            options: {"z":1.0,"a":null}
            """,
        ]);
        (await project.GetConfigAsync(created.Id)).ShouldBeOk().Text.ShouldBe(created.Text);
    }

    [TestCaseSource(nameof(Values))]
    public async Task Create_config_returns_every_JSON_value_unchanged(string value)
    {
        var project = new Project();

        var created = await project.CreateConfigAsync(
            $$"""
            {"config": {{value}}, "options": {"o": {{value}} },
             "inputs": [{"name": "i", "type": "Json", "default": {{value}}, "value": {{value}} }]}
            """);

        foreach (var config in new[] { created, await project.GetConfigAsync(created.Id) }.Select(response => response.Config))
        {
            config.GetProperty("config").GetRawText().ShouldBe(value);
            config.GetProperty("options").GetRawText().ShouldBe($$"""{"o":{{value}}}""");
            config.GetProperty("inputs").GetRawText().ShouldBe(value == "null"
                ? """[{"name":"i","type":"Json","value":null}]"""
                : $$"""[{"name":"i","type":"Json","default":{{value}},"value":{{value}}}]""");
        }
    }

    [TestCaseSource(nameof(Defaults))]
    public async Task Create_config_with_a_default_of_the_declared_type_returns_200(string type, string value)
    {
        var created = await new Project().CreateConfigAsync(
            $$"""{"inputs": [{"name": "i", "type": "{{type}}", "default": {{value}} }], "outputs": [{"name": "i", "type": "{{type}}"}]}""");

        created.Config.GetProperty("inputs")[0].GetProperty("default").GetRawText().ShouldBe(value);
        created.Config.GetProperty("outputs")[0].GetProperty("type").GetString().ShouldBe(type);
    }

    [Test]
    public async Task Create_config_with_values_at_their_limits_stores_them_unchanged()
    {
        var project = new Project();
        var text = string.Concat(Enumerable.Repeat(Emoji, 255));
        var nested = Requests.Nested(64);

        var id = (await project.CreateConfigAsync(
            $$"""{"name": "{{text}}", "group": "{{text}}", "config": {{nested}}, "options": {{nested}} }""")).Id;
        var empty = (await project.CreateConfigAsync("""{"name": "", "group": ""}""")).Config;

        var shown = (await project.GetConfigAsync(id)).Config;
        shown.GetProperty("name").GetString().ShouldBe(text);
        shown.GetProperty("group").GetString().ShouldBe(text);
        shown.GetProperty("config").GetRawText().ShouldBe(nested);
        shown.GetProperty("options").GetRawText().ShouldBe(nested);
        empty.GetProperty("name").GetString().ShouldBeEmpty();
        empty.GetProperty("group").GetString().ShouldBeEmpty();
    }

    [TestCaseSource(typeof(BadConfigs), nameof(BadConfigs.All))]
    [TestCase("", new[] { "body" })]
    [TestCase("[]", new[] { "body" })]
    [TestCase("null", new[] { "body" })]
    public async Task Create_config_with_an_invalid_body_returns_400_and_stores_nothing(string json, string[] fields)
    {
        var project = new Project();

        var response = await project.CreateConfigAsync(json);

        response.ShouldBeError(HttpStatusCode.BadRequest, fields);
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Create_config_with_a_body_over_the_limit_returns_413()
    {
        var response = await new Project().CreateConfigAsync($$"""{"config": "{{new string('x', 1024 * 1024)}}"}""");

        response.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
    }

    [Test]
    public async Task Get_config_by_its_location_returns_the_created_config()
    {
        var project = new Project();
        var created = await project.CreateConfigAsync("{}");

        var shown = await project.SendAsync(
            HttpMethod.Get, new Uri(TestRun.Service.Address, created.Headers["Location"]).ToString());

        shown.ShouldBeOk().Text.ShouldBe(created.Text);
        created.Headers["Location"].ShouldEndWith($"{project.ConfigsPath}/{created.Id}");
    }

    [Test]
    public async Task Delete_config_returns_204_once_and_404_afterwards()
    {
        var project = new Project();
        var id = (await project.CreateConfigAsync("{}")).Id;

        (await project.DeleteConfigAsync(id)).ShouldBeGone();

        (await project.DeleteConfigAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.GetConfigAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.ListConfigsAsync()).Items.ShouldBeEmpty();
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Delete_config_returns_409_until_no_deployment_refers_to_it()
    {
        var project = new Project();
        var id = (await project.CreateConfigAsync("{}")).Id;
        var deployments = (await project.CreateBatchAsync(Enumerable.Repeat(Naming(id), 2))).Ids;

        (await project.DeleteConfigAsync(id)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.DeleteAsync(deployments[0])).ShouldBeGone();
        (await project.DeleteConfigAsync(id)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.GetConfigAsync(id)).ShouldBeOk();
        (await project.UpdateAsync(deployments[1], """{"config_id": "another"}""")).ShouldBeOk();
        (await project.DeleteConfigAsync(id)).ShouldBeGone();
    }

    [Test]
    public async Task Delete_config_that_only_another_projects_deployment_refers_to_returns_204()
    {
        var project = new Project();
        var another = new Project();
        var id = (await project.CreateConfigAsync("{}")).Id;
        (await another.CreateAsync(Naming(id))).ShouldBeOk();
        (await another.CreateAsync($$"""{"config_id": "{{id}}", "server_id": "s", "stack_user_project_id": "{{project.Id}}"}""")).ShouldBeOk();

        (await project.DeleteConfigAsync(id)).ShouldBeGone();
    }

    [Test]
    public async Task Config_of_another_project_returns_404()
    {
        var owner = new Project();
        var project = new Project();
        var id = (await owner.CreateConfigAsync("{}")).Id;

        (await project.GetConfigAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.DeleteConfigAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.ListConfigsAsync()).Items.ShouldBeEmpty();
        (await owner.GetConfigAsync(id)).ShouldBeOk();
    }

    [TestCase("banana")]
    [TestCase("%7B0197f3a0-0000-7000-8000-000000000000%7D")]
    [TestCase("0197f3a0-0000-7000-8000-000000000000/below")]
    public async Task Malformed_config_id_returns_404(string id)
    {
        (await new Project().GetConfigAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await new Project().DeleteConfigAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("PUT")]
    [TestCase("PATCH")]
    public async Task Update_config_returns_405_and_leaves_it_unchanged(string method)
    {
        var project = new Project();
        var created = await project.CreateConfigAsync("{}");

        var response = await project.SendAsync(new HttpMethod(method), $"{project.ConfigsPath}/{created.Id}", """{"name": "new"}""");

        response.ShouldBeError(HttpStatusCode.MethodNotAllowed).Headers["Allow"].Split(", ").ShouldBe(["GET", "DELETE"], ignoreOrder: true);
        (await project.GetConfigAsync(created.Id)).Text.ShouldBe(created.Text);
    }

    private static string Naming(string config) => $$"""{"config_id": "{{config}}", "server_id": "s"}""";

    private static IEnumerable<string> Rest(ApiResponse response) => response.Config.EnumerateObject()
        .Where(member => member.Name is not ("id" or "creation_time"))
        .Select(member => $"{member.Name}: {member.Value.GetRawText()}");
}
