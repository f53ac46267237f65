using System.Net;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What a PUT changes, keeps and rejects.</summary>
public sealed class UpdateDeploymentTests
{
    private const string Full =
        """
        {"config_id": "c", "server_id": "s", "action": "CREATE", "input_values": {"a": 1.0, "b": "é"}, "status": "IN_PROGRESS",
         "status_reason": "why"}
        """;

    private static IEnumerable<TestCaseData> Changes =>
    [
        Change("config_id", "\"another\""),
        Change("action", "\"UPDATE\""),
        Change("action", "\"\""),
        Change("status", "\"FAILED\""),
        Change("status_reason", "\"because\""),
        Change("status_reason", "\"\""),
        Change("input_values", """{"z":1,"a":2.50}"""),
        Change("input_values", "{}"),
        Change("output_values", """{"deploy_stdout":"x","deploy_status_code":0}"""),
        Change("output_values", "{}"),

        // Compared as text: numerically equal values are a change, and stored as sent.
        Change("input_values", """{"a":1,"b":"é"}"""),
        Change("input_values", """{"b":"é","a":1.0}"""),
    ];

    private static IEnumerable<TestCaseData> NonChanges =>
    [
        Change("nothing", null),
        Change("config_id", "null"),
        Change("action", "null"),
        Change("status", "null"),
        Change("status_reason", "null"),
        Change("input_values", "null"),
        Change("output_values", "null"),
        Change("config_id", "\"c\""),
        Change("action", "\"CREATE\""),
        Change("status", "\"IN_PROGRESS\""),
        Change("status_reason", "\"why\""),
        Change("input_values", """{ "a": 1.0, "b": "\u00e9" }"""),
        Change("server_id", "\"another\""),
        Change("server_id", "3"),
        Change("stack_user_project_id", "\"another\""),
        Change("tenant_id", "[]"),
        Change("id", "\"0197f3a0-0000-7000-8000-000000000000\""),
        Change("creation_time", "\"2015-01-31T15:12:36Z\""),
        Change("updated_time", "\"2015-01-31T15:12:36Z\""),
    ];

    private static IEnumerable<TestCaseData> InvalidBodies =>
    [
        Refused("empty", "", "body"),
        Refused("not JSON", "status=COMPLETE", "body"),
        Refused("array", "[]", "body"),
        Refused("null", "null", "body"),
        Refused("blank config_id", """{"config_id": " "}""", "config_id"),
        Refused("empty config_id", """{"config_id": ""}""", "config_id"),
        .. from name in new[] { "config_id", "action", "status", "status_reason" }
           from value in new[] { "3", "false", "{}", "[\"a\"]" }
           select Refused($"{name} {value}", $$"""{"{{name}}": {{value}}}""", name),
        .. from name in new[] { "input_values", "output_values" }
           from value in new[] { "\"text\"", "[1]", "[{}]", "3", "true", "{\"a\": {\"b\": 1, \"b\": 2}}", Requests.Nested(65) }
           select Refused(
               $"{name} {value[..Math.Min(value.Length, 20)]}",
               $$"""{"{{name}}": {{value}}}""",
               value.Contains('b', StringComparison.Ordinal) ? $"{name}.a.b" : name),
        Refused("config_id too long", With("config_id", 256), "config_id"),
        Refused("action too long", With("action", 256), "action"),
        Refused("status_reason too long", With("status_reason", 16_385), "status_reason"),
        Refused("unknown status", """{"status": "complete"}""", "status"),
        Refused("empty status", """{"status": ""}""", "status"),
        Refused("NUL", """{"output_values": {"a": "\u0000"} }""", "output_values.a"),
        Refused("lone surrogate", """{"status_reason": "\ud800"}""", "status_reason"),
        Refused("duplicate", """{"status": "FAILED", "status": "FAILED"}""", "status"),
        Refused(
            "several",
            $$"""{"config_id": " ", "status": "BANANA", "action": "{{new string('a', 256)}}", "status_reason": "{{new string('a', 16_385)}}"}""",
            "config_id", "status", "action", "status_reason"),
    ];

    private static IEnumerable<TestCaseData> Conditions =>
    [
        new("TAG", HttpStatusCode.OK),
        new("*", HttpStatusCode.OK),
        new("\"other\", TAG", HttpStatusCode.OK),
        new("TAG,\"other\"", HttpStatusCode.OK),
        new(", TAG ,", HttpStatusCode.OK),
        new("\"other\"", HttpStatusCode.PreconditionFailed),
        new("\"other\", \"another\"", HttpStatusCode.PreconditionFailed),
        new("\"\"", HttpStatusCode.PreconditionFailed),
        new("\"01\"", HttpStatusCode.PreconditionFailed),
        new("\"2\"", HttpStatusCode.PreconditionFailed),
        new("\"99999999999999999999\"", HttpStatusCode.PreconditionFailed),
        new("W/TAG", HttpStatusCode.PreconditionFailed),
        new("W/TAG, W/\"other\"", HttpStatusCode.PreconditionFailed),
        new("W/TAG, TAG", HttpStatusCode.OK),
        new("1", HttpStatusCode.BadRequest),
        new("banana", HttpStatusCode.BadRequest),
        new("\"1", HttpStatusCode.BadRequest),
        new("'1'", HttpStatusCode.BadRequest),
        new("TAG \"other\"", HttpStatusCode.BadRequest),
        new("", HttpStatusCode.BadRequest),
        new(" ", HttpStatusCode.BadRequest),
    ];

    [TestCaseSource(nameof(Changes))]
    public async Task Update_deployment_changes_only_the_given_field(string field, string body)
    {
        var project = new Project();
        var created = await project.CreateAsync(Full);
        created.Deployment.TryGetProperty("updated_time", out _).ShouldBeFalse();

        var changed = await project.UpdateAsync(created.Id, body);
        var shown = await project.GetAsync(created.Id);

        var expected = JsonElement.Parse(body).GetProperty(field).GetRawText();
        changed.Deployment.GetProperty(field).GetRawText().ShouldBe(expected);
        Rest(changed, field).ShouldBe(Rest(created, field));
        changed.Deployment.GetProperty("updated_time").GetString()!.ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$");
        shown.Text.ShouldBe(changed.Text);
        (await project.ListEventsAsync(created.Id)).Items.Count.ShouldBe(2);
    }

    [TestCaseSource(nameof(NonChanges))]
    public async Task Update_deployment_without_a_change_leaves_version_and_events_unchanged(string field, string body)
    {
        var project = new Project();
        var created = await project.CreateAsync(Full);

        var response = await project.UpdateAsync(created.Id, body);

        response.ShouldBeOk().Text.ShouldBe(created.Text, field);
        await ShouldBeUnchangedAsync(project, created);
    }

    [Test]
    public async Task Update_deployment_with_every_field_changes_them_and_repeating_it_changes_nothing()
    {
        const string body =
            """
            {"config_id": "c2", "action": "DELETE", "input_values": {"i":2}, "output_values": {"o":[1e400]}, "status": "COMPLETE",
             "status_reason": "Outputs received"}
            """;
        var project = new Project();
        var created = await project.CreateAsync(Full);

        var changed = await project.UpdateAsync(created.Id, body);
        var repeated = await project.UpdateAsync(created.Id, body);

        foreach (var field in JsonElement.Parse(body).EnumerateObject())
        {
            changed.Deployment.GetProperty(field.Name).GetRawText().ShouldBe(field.Value.GetRawText());
        }

        repeated.ShouldBeOk().Text.ShouldBe(changed.Text);
        repeated.EntityTag.ShouldBe(changed.EntityTag);
        (await project.ListEventsAsync(created.Id)).Items.Count.ShouldBe(2);
    }

    [Test]
    public async Task Update_deployment_ignores_server_id_and_second_project()
    {
        var owner = new Project();
        var second = new Project();
        var third = new Project();
        var created = await owner.CreateSharedAsync(second);

        var changed = await owner.UpdateAsync(
            created.Id, $$"""{"server_id": "another", "stack_user_project_id": "{{third.Id}}", "status": "FAILED"}""");

        changed.Deployment.GetProperty("server_id").GetString().ShouldBe("a server");
        (await second.GetAsync(created.Id)).ShouldBeOk();
        (await third.GetAsync(created.Id)).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Update_deployment_from_any_status_to_any_status_returns_200(
        [Values("COMPLETE", "IN_PROGRESS", "FAILED")] string before, [Values("COMPLETE", "IN_PROGRESS", "FAILED")] string after)
    {
        var project = new Project();
        var created = await project.CreateAsync($$"""{"config_id": "c", "server_id": "s", "status": "{{before}}"}""");

        var changed = await project.UpdateAsync(created.Id, $$"""{"status": "{{after}}"}""");

        changed.Deployment.GetProperty("status").GetString().ShouldBe(after);
        changed.Deployment.TryGetProperty("updated_time", out _).ShouldBe(before != after);
    }

    [Test]
    public async Task Update_deployment_with_values_at_their_limits_stores_them_unchanged()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        var body = $$"""
            {"config_id": "{{Emoji(255)}}", "action": "{{Emoji(255)}}", "status_reason": "{{Emoji(16_384)}}",
             "input_values": {{Requests.Nested(64)}}, "output_values": {{Requests.Nested(64)}} }
            """;

        (await project.UpdateAsync(id, body)).ShouldBeOk();
        var shown = (await project.GetAsync(id)).Deployment;

        shown.GetProperty("config_id").GetString().ShouldBe(Emoji(255));
        shown.GetProperty("action").GetString().ShouldBe(Emoji(255));
        shown.GetProperty("status_reason").GetString().ShouldBe(Emoji(16_384));
        shown.GetProperty("input_values").GetRawText().ShouldBe(Requests.Nested(64));
        shown.GetProperty("output_values").GetRawText().ShouldBe(Requests.Nested(64));
    }

    [TestCaseSource(nameof(InvalidBodies))]
    public async Task Update_deployment_with_an_invalid_body_returns_400_and_changes_nothing(string body, string[] fields)
    {
        var project = new Project();
        var created = await project.CreateAsync(Full);

        var response = await project.UpdateAsync(created.Id, body);

        response.ShouldBeError(HttpStatusCode.BadRequest, fields);
        await ShouldBeUnchangedAsync(project, created);
    }

    [Test]
    public async Task Update_deployment_with_invalid_size_accept_or_content_type_returns_413_406_or_415_and_changes_nothing()
    {
        var project = new Project();
        var created = await project.CreateAsync(Full);

        (await project.UpdateAsync(created.Id, $$"""{"output_values": {"a": "{{new string('x', 1024 * 1024)}}"} }"""))
            .ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await project.UpdateAsync(created.Id, """{"status": "FAILED"}""", ("Accept", "text/html"))).ShouldBeError(HttpStatusCode.NotAcceptable);
        var text = Requests.Make(HttpMethod.Put, $"{project.Path}/{created.Id}", ("X-Auth-Token", project.Token.ToString()));
        text.Content = Requests.Body("""{"status": "FAILED"}"""u8.ToArray(), "text/plain");
        (await TestRun.Service.SendAsync(text)).ShouldBeError(HttpStatusCode.UnsupportedMediaType);

        await ShouldBeUnchangedAsync(project, created);
    }

    [TestCaseSource(nameof(Conditions))]
    public async Task Update_deployment_with_if_match_returns_200_only_if_the_entity_tag_matches(string ifMatch, HttpStatusCode status)
    {
        var project = new Project();
        var created = await project.CreateAsync(Full);
        ifMatch = ifMatch.Replace("TAG", created.EntityTag, StringComparison.Ordinal);

        var response = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", ("If-Match", ifMatch));

        if (status == HttpStatusCode.OK)
        {
            response.Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        }
        else
        {
            response.ShouldBeError(status, status == HttpStatusCode.BadRequest ? ["If-Match"] : []);
            await ShouldBeUnchangedAsync(project, created);
        }
    }

    [Test]
    public async Task Update_deployment_with_an_outdated_if_match_returns_412_even_without_a_change()
    {
        var project = new Project();
        var created = await project.CreateAsync(Full);
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");

        (await project.UpdateAsync(created.Id, "{}", ("If-Match", created.EntityTag))).ShouldBeError(HttpStatusCode.PreconditionFailed);
        (await project.UpdateAsync(created.Id, "{}", ("If-Match", changed.EntityTag))).ShouldBeOk().Text.ShouldBe(changed.Text);
    }

    [TestCase(null)]
    [TestCase("*")]
    [TestCase("\"1\"")]
    public async Task Update_deployment_that_does_not_exist_returns_404_with_every_if_match(string? ifMatch)
    {
        var project = new Project();
        (string, string)[] headers = ifMatch is null ? [] : [("If-Match", ifMatch)];

        (await project.UpdateAsync(Guid.CreateVersion7().ToString(), "{}", headers)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.UpdateAsync("banana", "{}", headers)).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Concurrent_updates_with_the_same_if_match_return_200_once_and_412_otherwise()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        for (var round = 1; round <= 50; round++)
        {
            var tag = (await project.GetAsync(id)).EntityTag;

            var responses = await Task.WhenAll(new[] { "one", "another" }.Select(writer =>
                project.UpdateAsync(id, $$"""{"status_reason": "{{writer}} {{round}}"}""", ("If-Match", tag))));

            responses.Select(response => response.Status).ShouldBe([HttpStatusCode.OK, HttpStatusCode.PreconditionFailed], ignoreOrder: true);
            var winner = responses.Single(response => response.Status == HttpStatusCode.OK);
            (await project.GetAsync(id)).Text.ShouldBe(winner.Text);
            (await project.ListEventsAsync(id)).Items.Count.ShouldBe(1 + round);
        }
    }

    [Test]
    public async Task Concurrent_updates_without_if_match_all_return_200()
    {
        const int writers = 32;
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var responses = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer =>
            project.UpdateAsync(id, $$"""{"status_reason": "{{writer}}"}""")));

        responses.ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        responses.Select(response => response.EntityTag).ShouldBeUnique();
        (await StoredVersionAsync(project, id)).ShouldBe(1 + writers);
        var history = (await project.ListEventsAsync(id)).Items;
        history.Count.ShouldBe(1 + writers);
        history.Skip(1).Select(entry => entry.GetProperty("request_id").GetString())
            .ShouldBe(responses.Select(response => response.RequestId), ignoreOrder: true);
        history[^1].GetProperty("status_reason").GetString()
            .ShouldBe((await project.GetAsync(id)).Deployment.GetProperty("status_reason").GetString());
    }

    [Test]
    public async Task Concurrent_updates_of_different_fields_without_if_match_are_all_kept()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        string[] bodies =
        [
            """{"config_id": "new"}""", """{"action": "NEW"}""", """{"status": "FAILED"}""", """{"status_reason": "new"}""",
            """{"input_values": {"new": 1} }""", """{"output_values": {"new": 2} }""",
        ];

        await Task.WhenAll(bodies.Select(body => project.UpdateAsync(id, body)));

        var deployment = (await project.GetAsync(id)).Deployment;
        foreach (var field in bodies.SelectMany(body => JsonElement.Parse(body).EnumerateObject()))
        {
            JsonElement.DeepEquals(deployment.GetProperty(field.Name), field.Value).ShouldBeTrue(field.Name);
        }
    }

    private static TestCaseData Change(string field, string? value) =>
        new TestCaseData(field, value is null ? "{}" : $$"""{"{{field}}": {{value}}}""").SetArgDisplayNames($"{field} {value}");

    private static TestCaseData Refused(string name, string body, params string[] fields) =>
        new TestCaseData(body, fields).SetArgDisplayNames(name);

    private static string With(string field, int length) => $$"""{"{{field}}": "{{new string('a', length)}}"}""";

    private static string Emoji(int times) => string.Concat(Enumerable.Repeat("\U0001F680", times));

    private static IEnumerable<string> Rest(ApiResponse response, string field) => response.Deployment.EnumerateObject()
        .Where(member => member.Name != field && member.Name != "updated_time")
        .Select(member => $"{member.Name}: {member.Value.GetRawText()}");

    private static async Task ShouldBeUnchangedAsync(Project project, ApiResponse created)
    {
        var shown = await project.GetAsync(created.Id);
        shown.Text.ShouldBe(created.Text);
        shown.EntityTag.ShouldBe(created.EntityTag);
        (await project.ListEventsAsync(created.Id)).Items.Count.ShouldBe(1);
        (await StoredVersionAsync(project, created.Id)).ShouldBe(1);
    }

    private static async Task<int> StoredVersionAsync(Project project, string id)
    {
        await using var select = TestRun.Database.CreateCommand(
            "SELECT version FROM software_deployments WHERE project_id = $1 AND id = $2");
        select.Parameters.Add(new() { Value = project.Id });
        select.Parameters.Add(new() { Value = Guid.Parse(id) });
        return (int)(await select.ExecuteScalarAsync())!;
    }
}
