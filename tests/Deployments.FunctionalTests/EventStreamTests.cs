using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The change feed as server-sent events.</summary>
public sealed class EventStreamTests
{
    private static readonly TimeSpan ShortBookmark = TimeSpan.FromMilliseconds(200);

    [Test]
    public async Task Stream_begins_with_a_bookmark_and_has_each_event_with_its_type_and_a_cursor()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        await using var stream = await EventReader.OpenAsync(TestRun.Service, project.Id);
        await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");
        await project.DeleteAsync(created.Id);

        var first = await stream.ReadAsync();
        var events = new[] { await stream.ReadEventAsync(), await stream.ReadEventAsync(), await stream.ReadEventAsync() };

        stream.ContentType.ShouldBe("text/event-stream");
        stream.Headers.GetValues("X-Accel-Buffering").ShouldBe(["no"]);
        first!.Value.Type.ShouldBe("bookmark");
        first.Value.Data.GetRawText().ShouldBe("{}");
        events.Select(entry => entry.Type).ShouldBe(["created", "changed", "deleted"]);
        var page = await project.ReadFeedAsync();
        events.Select(entry => entry.Data.GetRawText()).ShouldBe(page.Items.Select(entry => entry.GetRawText()));
        var rest = await project.ReadFeedAsync($"?after={events[1].Id}");
        rest.Items.ShouldHaveSingleItem().GetProperty("type").GetString().ShouldBe("deleted");
    }

    [Test]
    public async Task Last_event_id_is_continued_from_in_place_of_after()
    {
        var project = new Project();
        await project.CreateAsync(Project.Minimal);
        await project.CreateAsync(Project.Minimal);
        await using var stream = await EventReader.OpenAsync(TestRun.Service, project.Id);
        var first = await stream.ReadEventAsync();
        var second = await stream.ReadEventAsync();

        await using var resumed = await EventReader.OpenAsync(TestRun.Service, project.Id, $"?after={second.Id}", lastEventId: first.Id);

        var third = await project.CreateAsync(Project.Minimal);
        (await resumed.ReadEventAsync()).Data.GetRawText().ShouldBe(second.Data.GetRawText());
        (await resumed.ReadEventAsync()).Data.GetProperty("deployment_id").GetString().ShouldBe(third.Id);
    }

    [Test]
    public async Task Stream_with_a_filter_has_only_the_events_that_match_and_begins_now_with_after_now()
    {
        var project = new Project();
        await project.CreateAsync("""{"config_id": "c", "server_id": "one"}""");
        await using var stream = await EventReader.OpenAsync(TestRun.Service, project.Id, "?after=now&server_id=one");
        await stream.ReadAsync();
        await project.CreateAsync("""{"config_id": "c", "server_id": "other"}""");
        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "one"}""");

        (await stream.ReadEventAsync()).Data.GetProperty("deployment_id").GetString().ShouldBe(created.Id);
    }

    [TestCase("?limit=1", "limit")]
    [TestCase("?wait=1", "wait")]
    [TestCase("?order=desc", "order")]
    [TestCase("?after=banana", "after")]
    [TestCase("?status=banana", "status")]
    public async Task Bad_query_of_a_stream_returns_400_and_names_the_parameter(string query, string field) =>
        (await SendAsync(query, ("Accept", "text/event-stream"))).ShouldBeError(HttpStatusCode.BadRequest, field);

    [Test]
    public async Task Malformed_last_event_id_returns_400_and_names_the_header() =>
        (await SendAsync("", ("Accept", "text/event-stream"), ("Last-Event-ID", "banana"))).ShouldBeError(HttpStatusCode.BadRequest, "Last-Event-ID");

    [TestCase("application/json")]
    [TestCase("*/*")]
    [TestCase("application/json, text/event-stream")]
    [TestCase("text/event-stream;q=0.5, application/json")]
    public async Task Request_that_does_not_prefer_events_to_JSON_returns_a_page(string accept) =>
        (await SendAsync("", ("Accept", accept))).ShouldBeOk().Json.GetProperty("events").GetArrayLength().ShouldBe(0);

    [Test]
    public async Task Request_that_accepts_neither_returns_406() =>
        (await SendAsync("", ("Accept", "text/html"))).ShouldBeError(HttpStatusCode.NotAcceptable);

    [Test]
    public async Task Quiet_stream_has_bookmarks_and_ends_when_the_key_of_its_token_is_withdrawn()
    {
        using var keys = new KeyFolder();
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string> { ["Authentication:PublicKeys"] = keys.Path },
            budgets => budgets.Bookmark = ShortBookmark);
        var project = new Project(service);
        var token = project.Token with { Algorithm = "RS256", Signature = Token.Rsa(keys.Rsa) };
        await using var stream = await EventReader.OpenAsync(service, project.Id, token: token.ToString());

        (await stream.ReadAsync())!.Value.Type.ShouldBe("bookmark");
        (await stream.ReadAsync())!.Value.Type.ShouldBe("bookmark");
        File.Delete(Path.Combine(keys.Path, "rsa.pem"));

        await stream.EndAsync();
    }

    [Test]
    public async Task Client_that_leaves_frees_its_place()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        await using (var stream = await EventReader.OpenAsync(service, new Project(service).Id))
        {
            await stream.ReadAsync();
            service.Waiting.ShouldBe(1);
        }

        while (service.Waiting > 0)
        {
            await Task.Delay(10);
        }
    }

    [Test]
    public async Task Stopping_service_ends_its_streams()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        await using var stream = await EventReader.OpenAsync(service, project.Id);
        await stream.ReadAsync();

        service.Lifetime.StopApplication();

        await stream.EndAsync();
    }

    private static async Task<ApiResponse> SendAsync(string query, params (string Name, string Value)[] headers)
    {
        var project = new Project();
        using var request = Requests.Make(
            HttpMethod.Get,
            new Uri(TestRun.Service.Address, $"/v1/{project.Id}/events{query}"),
            [("Authorization", $"Bearer {new Token(project.Id)}"), .. headers]);
        using var response = await TestRun.Service.Http.SendAsync(request);
        return await ApiResponse.ReadAsync(response);
    }
}
