using System.Net;
using System.Text;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Batches are atomic and returned in request order.</summary>
public sealed class BatchTests
{
    private const int MaxBatchBytes = 16 * 1024 * 1024;

    private static IEnumerable<TestCaseData> InvalidBodies =>
    [
        Refused("nothing", "{}", "software_deployments"),
        Refused("null", """{"software_deployments": null}""", "software_deployments"),
        Refused("empty", """{"software_deployments": []}""", "software_deployments"),
        Refused("object", $$"""{"software_deployments": {{Project.Minimal}} }""", "software_deployments"),
        Refused("text", """{"software_deployments": "text"}""", "software_deployments"),
        Refused("a deployment without envelope", Project.Minimal, "software_deployments"),
        Refused("a list without envelope", $"[{Project.Minimal}]", "body"),
        Refused("null element", Batch(Project.Minimal, "null"), "software_deployments[1]"),
        Refused("text element", Batch(Project.Minimal, "\"text\""), "software_deployments[1]"),
        Refused("list element", Batch($"[{Project.Minimal}]"), "software_deployments[0]"),
        Refused("empty element", Batch(Project.Minimal, "{}"), "software_deployments[1].config_id", "software_deployments[1].server_id"),
        Refused("wrong type", Batch(Project.Minimal, With("status", "3")), "software_deployments[1].status"),
        Refused("duplicate", Batch(Project.Minimal, With("server_id", "\"s\"")), "software_deployments[1].server_id"),
        Refused("NUL", Batch(With("action", "\"\\u0000\"")), "software_deployments[0].action"),
        Refused("65 levels", Batch(Project.Minimal, With("input_values", Requests.Nested(65))), "software_deployments[1].input_values"),
        Refused(
            "several",
            Batch(With("status", "\"BANANA\""), Project.Minimal, With("action", $"\"{new string('a', 256)}\""), "null", """{"server_id": "s"}"""),
            "software_deployments[0].status",
            "software_deployments[2].action",
            "software_deployments[3]",
            "software_deployments[4].config_id"),
        Refused("1,001", Batch([.. Enumerable.Repeat(Project.Minimal, 1_001)]), "software_deployments"),
        Refused(
            "one bad among 1,000",
            Batch([.. Enumerable.Repeat(Project.Minimal, 666), With("status", "\"BANANA\""), .. Enumerable.Repeat(Project.Minimal, 333)]),
            "software_deployments[666].status"),
    ];

    [Test]
    public async Task Create_batch_with_one_deployment_returns_200()
    {
        var project = new Project();

        var response = await project.CreateBatchAsync([Project.Minimal]);

        response.ShouldBeOk().Json.EnumerateObject().Select(member => member.Name).ShouldBe(["software_deployments"]);
        var shown = await project.GetAsync(response.Ids.ShouldHaveSingleItem());
        response.Items[0].GetRawText().ShouldBe(shown.Deployment.GetRawText());
    }

    [Test]
    public async Task Create_batch_with_1000_deployments_stores_and_returns_them_in_request_order()
    {
        var project = new Project();

        var response = await project.CreateBatchAsync(Enumerable.Range(0, 1_000).Select(
            number => $$"""{"config_id": "c", "server_id": "{{number}}", "input_values": {"{{number}}": {{number}}.0} }"""));

        response.Items.Select(item => item.GetProperty("server_id").GetString()).ShouldBe(Enumerable.Range(0, 1_000).Select(number => $"{number}"));
        response.Items[7].GetProperty("input_values").GetRawText().ShouldBe("""{"7":7.0}""");
        response.Ids.ShouldBe(response.Ids.Order(StringComparer.Ordinal));
        response.Ids.ShouldBeUnique();
        (await project.ListAsync()).Items.Select(item => item.GetRawText()).ShouldBe(response.Items.Select(item => item.GetRawText()));
    }

    [Test]
    public async Task Create_batch_returns_each_element_as_if_it_was_created_alone()
    {
        const string element =
            """
            {"config_id": "c", "server_id": "s", "action": "CREATE", "input_values": {"z":1.0,"a":[]}, "status": "FAILED",
             "status_reason": "why", "tenant_id": 3, "output_values": {"a":1} }
            """;
        var project = new Project();
        var second = new Project();
        var alone = (await project.CreateAsync(element)).Deployment;

        var response = await project.CreateBatchAsync(
            [element, $$"""{"config_id": "c", "server_id": "s", "stack_user_project_id": "{{second.Id}}"}"""]);

        Comparable(response.Items[0]).ShouldBe(Comparable(alone));
        (await second.ListAsync()).Ids.ShouldBe([response.Ids[1]]);
    }

    [Test]
    public async Task Create_batch_stores_one_event_per_deployment()
    {
        var project = new Project();

        var response = await project.CreateBatchAsync([Project.Minimal, With("status", "\"FAILED\""), Project.Minimal]);

        foreach (var id in response.Ids)
        {
            var entry = (await project.ListEventsAsync(id)).Items.ShouldHaveSingleItem();
            entry.GetProperty("request_id").GetString().ShouldBe(response.RequestId);
            entry.GetProperty("status").GetString().ShouldBe(id == response.Ids[1] ? "FAILED" : "IN_PROGRESS");
        }
    }

    [TestCaseSource(nameof(InvalidBodies))]
    public async Task Create_batch_with_an_invalid_body_returns_400_and_stores_nothing(string body, string[] fields)
    {
        var project = new Project();

        var response = await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", body);

        response.ShouldBeError(HttpStatusCode.BadRequest, fields);
        (await project.CountStoredAsync()).ShouldBe(0);
        (await project.CountStoredEventsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Create_batch_with_values_of_64_levels_returns_them_unchanged()
    {
        var project = new Project();

        var response = await project.CreateBatchAsync([Project.Minimal, With("input_values", Requests.Nested(64))]);

        response.Items[1].GetProperty("input_values").GetRawText().ShouldBe(Requests.Nested(64));
        (await project.GetAsync(response.Ids[1])).Deployment.GetProperty("input_values").GetRawText().ShouldBe(Requests.Nested(64));
    }

    [Test]
    public async Task Create_batch_with_a_body_of_16_MiB_returns_200([Values] bool chunked)
    {
        var project = new Project();

        var response = await SendAsync(project, BodyOf(MaxBatchBytes), chunked);

        response.Items.Count.ShouldBe(2);
        (await project.CountStoredAsync()).ShouldBe(2);
    }

    [Test]
    public async Task Create_batch_with_a_body_over_16_MiB_returns_413([Values] bool chunked)
    {
        var project = new Project();

        var response = await SendAsync(project, BodyOf(MaxBatchBytes + 1), chunked);

        response.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Create_with_a_body_over_the_configured_limit_returns_413()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string>(Token.SigningKeys)
            {
                ["Deployments:MaxBodyBytes"] = "200",
                ["Deployments:MaxBatchBytes"] = "300",
            });
        var project = new Project(service);
        var large = With("status_reason", $"\"{new string('x', 150)}\"");

        (await project.CreateAsync(large)).ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await project.CreateBatchAsync([large])).ShouldBeOk();
        (await project.CreateBatchAsync([large, large])).ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    private static TestCaseData Refused(string name, string body, params string[] fields) =>
        new TestCaseData(body, fields).SetArgDisplayNames(name);

    private static string Batch(params string[] elements) => $$"""{"software_deployments": [{{string.Join(',', elements)}}]}""";

    private static string With(string name, string value) => $$"""{"config_id": "c", "server_id": "s", "{{name}}": {{value}} }""";

    private static byte[] BodyOf(int bytes)
    {
        var start = $$"""{"software_deployments": [{{Project.Minimal}}, {"config_id": "c", "server_id": "s", "input_values": {"padding": """ + "\"";
        const string end = "\"}}]}";
        return Encoding.UTF8.GetBytes(start + new string('x', bytes - start.Length - end.Length) + end);
    }

    private static Task<ApiResponse> SendAsync(Project project, byte[] body, bool chunked)
    {
        var request = Requests.Make(HttpMethod.Post, $"{project.Path}/batch", ("X-Auth-Token", project.Token.ToString()));
        request.Content = chunked ? Requests.Chunked(body) : Requests.Body(body, Requests.Json);
        return TestRun.Service.SendAsync(request);
    }

    private static IEnumerable<string> Comparable(JsonElement deployment) => deployment.EnumerateObject()
        .Where(member => member.Name is not ("id" or "creation_time"))
        .Select(member => $"{member.Name}: {member.Value.GetRawText()}");
}
