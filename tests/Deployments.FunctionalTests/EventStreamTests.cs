using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The change feed as server-sent events.</summary>
public sealed class EventStreamTests
{
    private static readonly (string Name, string Value) Accept = ("Accept", "text/event-stream");
    private static readonly TimeSpan ShortBookmark = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

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
    public async Task Stream_has_the_bytes_and_the_headers_of_server_sent_events()
    {
        var project = new Project();
        await project.CreateAsync("""{"config_id": "c", "server_id": "é\n<&"}""");
        var page = await project.ReadFeedAsync("?wait=50");
        using var request = Requests.Make(
            HttpMethod.Get,
            new Uri(TestRun.Service.Address, $"/v1/{project.Id}/events"),
            Accept,
            ("Accept-Encoding", "gzip, br"),
            ("X-Auth-Token", project.Token.ToString()));
        using var response = await EventReader.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        var lines = new List<string?>();
        while (lines.Count < 8)
        {
            lines.Add(await reader.ReadLineAsync().WaitAsync(Service.Timeout));
        }

        lines[2]!.ShouldStartWith("id: ");
        lines.ShouldBe(
        [
            "event: bookmark", "data: {}", lines[2], "",
            "event: created", $"data: {page.Items.ShouldHaveSingleItem().GetRawText()}", $"id: {page.Json.GetProperty("next").GetString()}", "",
        ]);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().ShouldBe("text/event-stream");
        response.Content.Headers.ContentLength.ShouldBeNull();
        response.Content.Headers.ContentEncoding.ShouldBeEmpty();
        response.Headers.GetValues("X-Accel-Buffering").ShouldBe(["no"]);
        response.Headers.GetValues("Cache-Control").ShouldBe(["no-store"]);
        response.Headers.GetValues(ApiResponse.RequestIdHeader).ShouldHaveSingleItem().ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }

    [Test]
    public async Task First_bookmark_has_the_cursor_that_the_stream_begins_at()
    {
        var project = new Project();
        await project.CreateAsync(Project.Minimal);
        await using var stream = await EventReader.OpenAsync(TestRun.Service, project.Id);
        var (first, entry) = (await stream.ReadAsync(), await stream.ReadEventAsync());

        await using var again = await EventReader.OpenAsync(TestRun.Service, project.Id, lastEventId: first!.Value.Id);
        await using var rest = await EventReader.OpenAsync(TestRun.Service, project.Id, lastEventId: entry.Id);

        (await again.ReadEventAsync()).Id.ShouldBe(entry.Id);
        (await rest.ReadAsync())!.Value.Id.ShouldBe(entry.Id);
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
        (await project.ReadFeedAsync("?wait=50")).Items.ShouldHaveSingleItem(); // until then it comes after now
        await using var stream = await EventReader.OpenAsync(TestRun.Service, project.Id, "?after=now&server_id=one");
        await stream.ReadAsync();
        await project.CreateAsync("""{"config_id": "c", "server_id": "other"}""");
        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "one"}""");

        (await stream.ReadEventAsync()).Data.GetProperty("deployment_id").GetString().ShouldBe(created.Id);
    }

    [TestCase("server_id=one")]
    [TestCase("config_id=d")]
    [TestCase("status=COMPLETE")]
    [TestCase("deployment_id={0}")]
    public async Task Each_filter_leaves_out_what_does_not_match(string filter)
    {
        var project = new Project();
        await project.CreateAsync("""{"config_id": "c", "server_id": "other"}""");
        var created = await project.CreateAsync("""{"config_id": "d", "server_id": "one", "status": "COMPLETE"}""");
        await using var stream = await EventReader.OpenAsync(
            TestRun.Service, project.Id, $"?{string.Format(CultureInfo.InvariantCulture, filter, created.Id)}");

        (await stream.ReadEventAsync()).Data.GetProperty("deployment_id").GetString().ShouldBe(created.Id);
    }

    [Test]
    public async Task Bookmark_of_a_quiet_stream_moves_past_the_events_that_do_not_match()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, changeBudgets: budgets => budgets.Bookmark = ShortBookmark);
        var project = new Project(service);
        await using var stream = await EventReader.OpenAsync(service, project.Id, "?server_id=one");
        await project.CreateAsync("""{"config_id": "c", "server_id": "other"}""");
        var next = (await project.ReadFeedAsync("?wait=50")).ShouldBeOk().Json.GetProperty("next").GetString();

        var bookmarks = new List<string>();
        for (var waited = Stopwatch.StartNew(); bookmarks.LastOrDefault() != next && waited.Elapsed < Service.Timeout;)
        {
            var item = await stream.ReadAsync();
            item!.Value.Type.ShouldBe("bookmark");
            bookmarks.Add(item.Value.Id);
        }

        bookmarks[^1].ShouldBe(next);
    }

    [Test]
    public async Task Change_on_another_instance_is_in_the_stream()
    {
        await using var other = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project();
        await using var stream = await EventReader.OpenAsync(other, project.Id, "?after=now");
        await stream.ReadAsync();

        var created = await project.CreateAsync(Project.Minimal);

        (await stream.ReadEventAsync()).Data.GetProperty("deployment_id").GetString().ShouldBe(created.Id);
    }

    [Test]
    public async Task Shared_deployments_are_in_the_streams_of_both_projects()
    {
        var (owner, second) = (new Project(), new Project());
        await using var ofOwner = await EventReader.OpenAsync(TestRun.Service, owner.Id);
        await using var ofSecond = await EventReader.OpenAsync(TestRun.Service, second.Id);

        var shared = await owner.CreateSharedAsync(second);

        (await ofOwner.ReadEventAsync()).Data.GetProperty("deployment_id").GetString().ShouldBe(shared.Id);
        (await ofSecond.ReadEventAsync()).Data.GetProperty("deployment_id").GetString().ShouldBe(shared.Id);
    }

    [TestCase("?limit=1", "limit")]
    [TestCase("?wait=1", "wait")]
    [TestCase("?order=desc", "order")]
    [TestCase("?after=banana", "after")]
    [TestCase("?after=", "after")]
    [TestCase("?after=now&after=now", "after")]
    [TestCase("?status=banana", "status")]
    [TestCase("?deployment_id=7", "deployment_id")]
    [TestCase("?action=CREATE", "action")]
    [TestCase("?after=banana&status=banana", "after", "status")]
    public async Task Bad_query_of_a_stream_returns_400_and_names_the_parameters(string query, params string[] fields) =>
        (await SendAsync(query, Accept)).ShouldBeError(HttpStatusCode.BadRequest, fields);

    [TestCase("banana")]
    [TestCase("")]
    public async Task Malformed_last_event_id_returns_400_and_names_the_header(string lastEventId) =>
        (await SendAsync("", Accept, ("Last-Event-ID", lastEventId))).ShouldBeError(HttpStatusCode.BadRequest, "Last-Event-ID");

    [Test]
    public async Task Last_event_id_of_another_project_returns_400()
    {
        var cursor = (await new Project().ReadFeedAsync()).ShouldBeOk().Json.GetProperty("next").GetString()!;

        (await SendAsync("", Accept, ("Last-Event-ID", cursor))).ShouldBeError(HttpStatusCode.BadRequest, "Last-Event-ID");
    }

    [Test]
    public async Task Cursor_whose_event_does_not_exist_returns_410()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var cursor = (await project.ReadFeedAsync("?wait=50")).ShouldBeOk().Json.GetProperty("next").GetString()!;
        await using var lose = TestRun.Database.CreateCommand("DELETE FROM deployment_events WHERE deployment_id = $1");
        lose.Parameters.Add(new() { Value = Guid.Parse(created.Id) });
        await lose.ExecuteNonQueryAsync();

        (await SendAsync(project, $"?after={cursor}", Accept)).ShouldBeError(HttpStatusCode.Gone);
        (await SendAsync(project, "?after=now", Accept, ("Last-Event-ID", cursor))).ShouldBeError(HttpStatusCode.Gone);
    }

    [TestCase("reader", null)]
    [TestCase("admin", "another")]
    public async Task Whoever_may_read_the_project_may_follow_it(string role, string? ofProject)
    {
        var project = new Project();
        var token = new Token(ofProject ?? project.Id) { Roles = [role] };
        await using var stream = await EventReader.OpenAsync(TestRun.Service, project.Id, token: token.ToString());

        (await stream.ReadAsync())!.Value.Type.ShouldBe("bookmark");
    }

    [TestCase("heat_stack_user", null)]
    [TestCase("member", "another")]
    public async Task Whoever_may_not_read_the_project_gets_403_in_place_of_a_stream(string role, string? ofProject)
    {
        var project = new Project();
        var token = new Token(ofProject ?? project.Id) { Roles = [role] };

        var response = await TestRun.Service.GetAsync($"/v1/{project.Id}/events", Accept, ("X-Auth-Token", token.ToString())).WaitAsync(Service.Timeout);

        response.ShouldBeError(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Stream_without_a_token_returns_401() =>
        (await TestRun.Service.GetAsync($"/v1/{new Project().Id}/events", Accept).WaitAsync(Service.Timeout)).ShouldBeUnauthorized();

    [Test]
    public async Task Head_that_accepts_events_returns_405()
    {
        var project = new Project();

        var response = await project.SendAsync(HttpMethod.Head, $"/v1/{project.Id}/events", headers: Accept);

        response.Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
        response.Headers["Allow"].ShouldBe("GET");
    }

    [TestCase("text/event-stream, application/json;q=0.9")]
    [TestCase("text/event-stream, */*;q=0.1")]
    [TestCase("text/*")]
    [TestCase("application/json;q=0, */*")]
    public async Task Request_that_prefers_events_to_JSON_returns_a_stream(string accept)
    {
        await using var stream = await EventReader.OpenAsync(TestRun.Service, new Project().Id, accept: accept);

        stream.ContentType.ShouldBe("text/event-stream");
    }

    [TestCase("application/json")]
    [TestCase("*/*")]
    [TestCase("")]
    [TestCase("text/event-stream;q=0, */*")]
    [TestCase("application/json, text/event-stream")]
    [TestCase("text/event-stream;q=0.5, application/json")]
    public async Task Request_that_does_not_prefer_events_to_JSON_returns_a_page(string accept) =>
        (await SendAsync("", ("Accept", accept))).ShouldBeOk().Json.GetProperty("events").GetArrayLength().ShouldBe(0);

    [TestCase("text/html")]
    [TestCase("text/event-stream;q=0")]
    [TestCase("text/event-stream;q=0, application/json;q=0")]
    public async Task Request_that_accepts_neither_returns_406(string accept) =>
        (await SendAsync("", ("Accept", accept))).ShouldBeError(HttpStatusCode.NotAcceptable);

    [Test]
    public async Task Streams_beyond_those_that_may_be_held_return_503_which_names_the_limit()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MaxWaiting"] = "3" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);
        var (one, two, three, four) = (new Project(service), new Project(service), new Project(service), new Project(service));
        await using var ofOne = await EventReader.OpenAsync(service, one.Id);
        await using var ofTwo = await EventReader.OpenAsync(service, two.Id);

        ShouldBeFull(await SendAsync(one, "", Accept), "1, half of Deployments:MaxWaiting");
        var ofThree = await EventReader.OpenAsync(service, three.Id);
        ShouldBeFull(await SendAsync(four, "", Accept), "3 (Deployments:MaxWaiting)");
        ShouldBeFull(await four.ReadFeedAsync("?wait=1"), "3 (Deployments:MaxWaiting)");

        await ofThree.DisposeAsync();
        await WaitUntilHeldAsync(service, 2);
        await using var ofFour = await EventReader.OpenAsync(service, four.Id);
        (await ofOne.ReadAsync())!.Value.Type.ShouldBe("bookmark");
    }

    [Test]
    public async Task Stream_of_a_database_that_does_not_respond_returns_503()
    {
        await using var service = await Service.StartAsync("Host=127.0.0.1;Port=1;Database=d;Username=u;Password=p");
        using var budgets = service.ShortenBudgets();

        (await SendAsync(new Project(service), "", Accept)).ShouldBeError(HttpStatusCode.ServiceUnavailable);

        service.Waiting.ShouldBe(0);
    }

    [Test]
    public async Task Stream_ends_before_the_first_event_of_a_restored_database_and_its_cursor_returns_410()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var service = await Service.StartReadyAsync(connectionString);
        var project = new Project(service);
        await project.CreateAsync(Project.Minimal);
        await using var stream = await EventReader.OpenAsync(service, project.Id);
        var last = await stream.ReadEventAsync();
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var raise = database.CreateCommand("UPDATE change_feed_epoch SET epoch = epoch + 1");
        await raise.ExecuteNonQueryAsync();

        await project.CreateAsync(Project.Minimal);

        (await stream.EndAsync()).ShouldAllBe(type => type == "bookmark");
        (await SendAsync(project, "", Accept, ("Last-Event-ID", last.Id))).ShouldBeError(HttpStatusCode.Gone);
    }

    [Test]
    public async Task Stream_whose_token_has_expired_ends_at_the_next_bookmark()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, changeBudgets: budgets => budgets.Bookmark = ShortBookmark);
        var project = new Project(service);

        // Within the clock skew, so that the stream begins.
        var token = project.Token with { Expires = DateTimeOffset.UtcNow.AddSeconds(-5) };
        await using var stream = await EventReader.OpenAsync(service, project.Id, token: token.ToString());

        (await stream.EndAsync()).ShouldBe(["bookmark"]);
        service.Waiting.ShouldBe(0);
    }

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

        await WaitUntilHeldAsync(service, 0);
    }

    [Test]
    public async Task Client_that_does_not_read_is_disconnected_and_the_others_are_not_disturbed()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, changeBudgets: budgets => budgets.Bookmark = TimeSpan.FromSeconds(1));
        var project = new Project(service);
        await CreateMoreThanSocketsHoldAsync(project);
        await using var stream = await EventReader.OpenAsync(service, project.Id, "?after=now");
        using var client = await OpenUnreadAsync(service, project);
        await WaitUntilHeldAsync(service, 2);

        await WaitUntilHeldAsync(service, 1);
        var created = await project.CreateAsync(Project.Minimal);

        while ((await stream.ReadEventAsync()).Data.GetProperty("deployment_id").GetString() != created.Id)
        {
            // What was created before may come after now: an older transaction may have been open.
        }

        (await EndsInTheMiddleAsync(client)).ShouldBeTrue();
    }

    [Test]
    public async Task Stopping_service_ends_its_streams()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, changeBudgets: budgets => budgets.Bookmark = Never);
        var project = new Project(service);
        await using var stream = await EventReader.OpenAsync(service, project.Id);
        await stream.ReadAsync();

        service.Lifetime.StopApplication();

        (await stream.EndAsync()).ShouldBeEmpty();
    }

    [Test]
    public async Task Stopping_service_ends_the_streams_of_clients_that_do_not_read()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["shutdownTimeoutSeconds"] = "3600" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings, budgets =>
        {
            budgets.Bookmark = Never;
            budgets.Stop = ShortBookmark;
        });
        var project = new Project(service);
        await CreateMoreThanSocketsHoldAsync(project);
        using var client = await OpenUnreadAsync(service, project);
        for (var received = -1; received != client.Available; await Task.Delay(ShortBookmark))
        {
            received = client.Available; // it grows until the service is blocked
        }

        service.Lifetime.StopApplication();

        await WaitUntilHeldAsync(service, 0);
    }

    [Test]
    public async Task Stream_is_logged_as_one_line_when_it_has_ended_without_its_query_cursor_and_token()
    {
        var log = TestRun.Service.Log;
        var project = new Project();
        var marker = $"marker-{Guid.NewGuid():N}";
        var token = project.Token.ToString();
        var cursor = (await project.ReadFeedAsync()).ShouldBeOk().Json.GetProperty("next").GetString()!;
        string requestId;
        var held = new Stopwatch();
        await using (var stream = await EventReader.OpenAsync(TestRun.Service, project.Id, $"?server_id={marker}", cursor, token))
        {
            held.Start();
            requestId = stream.RequestId;
            await stream.ReadAsync();
            await project.CreateAsync($$"""{"config_id": "c", "server_id": "{{marker}}"}""");
            await stream.ReadEventAsync();
            log.Lines.ShouldNotContain(each => IsLineOf(each, requestId));
            held.Stop();
        }

        var line = await log.WaitForAsync(each => IsLineOf(each, requestId));

        line.Values["Method"].ShouldBe("GET");
        line.Values["Route"].ShouldBe("v1/{project_id:project}/events");
        line.Values["Status"].ShouldBe(200);
        line.Values["Project"].ShouldBe(project.Id);
        Convert.ToDouble(line.Values["Milliseconds"], CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(held.Elapsed.TotalMilliseconds);
        log.Lines.Count(each => IsLineOf(each, requestId)).ShouldBe(1);
        log.Lines.ShouldNotContain(each => each.Text.Contains(marker) || each.Text.Contains(cursor) || each.Text.Contains(token.Split('.')[2]));
    }

    private static void ShouldBeFull(ApiResponse response, string limit)
    {
        response.ShouldBeError(HttpStatusCode.ServiceUnavailable);
        response.Headers["Retry-After"].ShouldBe("1");
        response.Json.GetProperty("detail").GetString()!.ShouldContain(limit);
    }

    private static bool IsLineOf(LogLine line, string requestId) =>
        line.Category == "Deployments.Api.Requests" && requestId.Equals(line.Values["RequestId"]);

    private static async Task WaitUntilHeldAsync(Service service, int count)
    {
        for (var waited = Stopwatch.StartNew(); service.Waiting != count; await Task.Delay(10))
        {
            if (waited.Elapsed > Service.Timeout)
            {
                throw new TimeoutException($"{service.Waiting} requests are held, and not {count}.");
            }
        }
    }

    /// <summary>Creates deployments whose events are more than the sockets of a connection hold, so that a client that does not read blocks.</summary>
    private static async Task CreateMoreThanSocketsHoldAsync(Project project)
    {
        const int count = 800;
        var reason = new string('x', 16_000);
        (await project.CreateBatchAsync(Enumerable.Repeat($$"""{"config_id": "c", "server_id": "s", "status_reason": "{{reason}}"}""", count))).ShouldBeOk();
        await project.ReadFeedAsync("?wait=50&limit=1");
    }

    /// <summary>Opens a stream of which nothing is read but the beginning.</summary>
    private static async Task<TcpClient> OpenUnreadAsync(Service service, Project project)
    {
        var client = await RawHttp.ConnectAsync(service);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /v1/{project.Id}/events HTTP/1.1\r\nHost: {service.Address.Authority}\r\nAccept: {Accept.Value}\r\nX-Auth-Token: {project.Token}\r\n\r\n"));
        var start = new byte["HTTP/1.1 200 OK".Length];
        await client.GetStream().ReadExactlyAsync(start).AsTask().WaitAsync(Service.Timeout);
        Encoding.ASCII.GetString(start).ShouldBe("HTTP/1.1 200 OK");
        return client;
    }

    /// <summary>Reads a response to the end of its connection.</summary>
    /// <returns>Whether the response is incomplete.</returns>
    private static async Task<bool> EndsInTheMiddleAsync(TcpClient client)
    {
        using var all = new MemoryStream();
        try
        {
            await client.GetStream().CopyToAsync(all).WaitAsync(Service.Timeout);
        }
        catch (IOException)
        {
            return true;
        }

        return !Encoding.ASCII.GetString(all.ToArray()).EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal);
    }

    private static Task<ApiResponse> SendAsync(string query, params (string Name, string Value)[] headers) => SendAsync(new Project(), query, headers);

    private static Task<ApiResponse> SendAsync(Project project, string query, params (string Name, string Value)[] headers) =>
        project.SendAsync(HttpMethod.Get, $"/v1/{project.Id}/events{query}", headers: headers).WaitAsync(Service.Timeout); // a stream does not end
}
