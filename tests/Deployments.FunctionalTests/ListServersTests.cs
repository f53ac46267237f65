using System.Net;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The servers of a project, their counts and the totals.</summary>
public sealed class ListServersTests
{
    // In ordinal order, which is that of their code points; in a linguistic order, and in that of UTF-16, they come differently.
    private static readonly string[] Ordered =
        [" ", "%", "'", "A", "B", "_", "a", "a b/c?d&e%", "a%2Fb", "a+b", "a/b", "a\\", "ab", "b", new('x', 255), "Ü", "ü", "\uFFFD", "\U0001F680", "\U0010FFFF"];

    private static IEnumerable<TestCaseData> InvalidQueries =>
    [
        .. from name in new[] { "server_id_prefix", "status", "limit", "marker" }
           from value in new[] { "", "=", "=a%00b", "=%ff", "=a%C3", "=%ED%A0%80" }
           select Query($"?{name}{value}", name),
        .. from value in new[] { "0", "-1", "1001", "abc", "1.5", "99999999999999999999" } select Query($"?limit={value}", "limit"),
        Query("?limit=1&limit=1", "limit"),
        Query("?status=complete", "status"),
        Query("?status=BANANA", "status"),
        Query("?status=COMPLETE&status=FAILED", "status"),
        Query("?server_id_prefix=a&server_id_prefix=b", "server_id_prefix"),
        Query($"?server_id_prefix={new string('x', 256)}", "server_id_prefix"),
        Query("?marker=a&marker=b", "marker"),
        Query($"?marker={new string('x', 256)}", "marker"),
        Query("?server_id=a", "server_id"),
        Query("?sort_dir=desc", "sort_dir"),
        Query("?limit=0&status=x&unknown=1", "unknown"),
        Query($"?limit=0&status=x&marker={new string('x', 256)}", "limit", "status", "marker"),
    ];

    [Test]
    public async Task List_servers_returns_counts_by_status_the_last_deployment_and_the_agent()
    {
        var project = new Project();
        foreach (var status in new[] { "COMPLETE", "COMPLETE", "FAILED", "IN_PROGRESS" })
        {
            await CreateAsync(project, "a", status);
        }

        var last = (await CreateAsync(project, "a", "COMPLETE")).Deployment;
        var changed = (await project.UpdateAsync((await CreateAsync(project, "b", "IN_PROGRESS")).Id, """{"status": "FAILED"}""")).Deployment;
        await Agent.CreateAsync(project, "b");
        await Agent.CreateAsync(project, "c");
        await using var see = TestRun.Database.CreateCommand(
            "UPDATE agents SET last_seen = '2026-01-31 15:12:00Z' WHERE project_id = $1 AND server_id = 'b'");
        see.Parameters.Add(new() { Value = project.Id });
        await see.ExecuteNonQueryAsync();

        (await ListAsync(project)).ShouldBeOk().Text.ShouldBe(
            $$$"""
            {"servers":[
            {"server_id":"a","deployments":{"COMPLETE":3,"IN_PROGRESS":1,"FAILED":1},"last_deployment":{"id":"{{{Text(last, "id")}}}","config_id":"c","status":"COMPLETE","creation_time":"{{{Text(last, "creation_time")}}}"},"agent":null},
            {"server_id":"b","deployments":{"COMPLETE":0,"IN_PROGRESS":0,"FAILED":1},"last_deployment":{"id":"{{{Text(changed, "id")}}}","config_id":"c","status":"FAILED","creation_time":"{{{Text(changed, "creation_time")}}}","updated_time":"{{{Text(changed, "updated_time")}}}"},"agent":{"last_seen":"2026-01-31T15:12:00Z"}},
            {"server_id":"c","deployments":{"COMPLETE":0,"IN_PROGRESS":0,"FAILED":0},"last_deployment":null,"agent":{"last_seen":null}}
            ],"totals":{"servers":3,"COMPLETE":1,"IN_PROGRESS":1,"FAILED":2}}
            """.ReplaceLineEndings(string.Empty));
    }

    [Test]
    public async Task List_servers_of_a_project_without_servers_returns_an_empty_list_with_totals_of_0()
    {
        await new Project().CreateAsync(Project.Minimal);

        (await ListAsync(new Project())).ShouldBeOk().Text
            .ShouldBe("""{"servers":[],"totals":{"servers":0,"COMPLETE":0,"IN_PROGRESS":0,"FAILED":0}}""");
    }

    [Test]
    public async Task List_servers_leaves_out_deployments_that_another_project_shares()
    {
        var (project, owner) = (new Project(), new Project());
        await CreateAsync(project, "a server", "COMPLETE");
        var shared = await owner.CreateSharedAsync(project);

        var seen = (await ListAsync(project)).Items.ShouldHaveSingleItem();
        seen.GetProperty("deployments").GetRawText().ShouldBe("""{"COMPLETE":1,"IN_PROGRESS":0,"FAILED":0}""");
        Text(seen.GetProperty("last_deployment"), "id").ShouldNotBe(shared.Id);
        Text((await ListAsync(owner)).Items.ShouldHaveSingleItem().GetProperty("last_deployment"), "id").ShouldBe(shared.Id);
    }

    [Test]
    public async Task List_servers_follows_changes_and_deletions_of_deployments_and_agents()
    {
        var project = new Project();
        var id = (await CreateAsync(project, "a", "IN_PROGRESS")).Id;
        await project.UpdateAsync(id, """{"status": "COMPLETE"}""");
        (await ListAsync(project)).Text.ShouldContain("""{"COMPLETE":1,"IN_PROGRESS":0,"FAILED":0}""");

        await Agent.CreateAsync(project, "a");
        (await project.DeleteAsync(id)).ShouldBeGone();
        (await ListAsync(project)).Text.ShouldContain("\"last_deployment\":null");

        (await project.RevokeAgentAsync("a")).ShouldBeGone();
        (await ListAsync(project)).Items.ShouldBeEmpty();
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(19)]
    [TestCase(20)]
    [TestCase(1_000)]
    public async Task List_servers_by_pages_returns_each_server_once_in_ordinal_order_with_totals_on_the_first_page(int limit)
    {
        var project = new Project();
        var statuses = new[] { "COMPLETE", "FAILED", "IN_PROGRESS" };
        foreach (var (index, server) in Ordered.Index())
        {
            // A blank server id cannot be created.
            await StoreAsync(project, [server], statuses[index % 3]);
        }

        var pages = new List<ApiResponse>();
        for (var next = $"{PathOf(project)}?limit={limit}"; next is not null; next = pages[^1].Next)
        {
            pages.Add(await project.SendAsync(HttpMethod.Get, next));
            pages.Count.ShouldBeLessThanOrEqualTo(Ordered.Length);
        }

        pages.SelectMany(ServersOf).ShouldBe(Ordered);
        pages.SkipLast(1).ShouldAllBe(page => page.Items.Count == limit);
        pages[0].Json.GetProperty("totals").GetRawText().ShouldBe("""{"servers":20,"COMPLETE":7,"IN_PROGRESS":6,"FAILED":7}""");
        pages.Skip(1).ShouldAllBe(page => !page.Text.Contains("totals"));
    }

    [Test]
    public async Task List_servers_with_deployments_and_agents_returns_each_server_once_in_order()
    {
        var project = new Project();
        foreach (var server in new[] { "b", "d", "e" })
        {
            await CreateAsync(project, server, "COMPLETE");
        }

        foreach (var server in new[] { "a", "b", "c", "e", "f" })
        {
            await Agent.CreateAsync(project, server);
        }

        var page = await ListAsync(project);
        ServersOf(page).ShouldBe(["a", "b", "c", "d", "e", "f"]);
        page.Json.GetProperty("totals").GetRawText().ShouldBe("""{"servers":6,"COMPLETE":3,"IN_PROGRESS":0,"FAILED":0}""");
        ServersOf(await ListAsync(project, "?status=COMPLETE")).ShouldBe(["b", "d", "e"]);
    }

    [Test]
    public async Task List_servers_without_a_limit_returns_100()
    {
        var project = new Project();
        await StoreAsync(project, Enumerable.Range(0, 101).Select(number => $"{number:D3}"), "COMPLETE");

        var first = await ListAsync(project);

        first.Items.Count.ShouldBe(100);
        ServersOf(await project.SendAsync(HttpMethod.Get, first.Next!)).ShouldBe(["100"]);
    }

    [Test]
    public async Task List_servers_matches_every_character_of_the_prefix_as_it_is()
    {
        var project = new Project();
        await StoreAsync(project, Ordered, "COMPLETE");

        foreach (var prefix in Ordered.Concat(["x", "a%", "A ", "%%", "\\", "e\u0301", "\U0010FFFF\U0010FFFF"]))
        {
            var expected = Ordered.Where(server => server.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            ServersOf(await ListAsync(project, $"?server_id_prefix={Uri.EscapeDataString(prefix)}")).ShouldBe(expected, prefix);

            var pages = new List<string>();
            for (var next = $"{PathOf(project)}?limit=1&server_id_prefix={Uri.EscapeDataString(prefix)}"; next is not null;)
            {
                var page = await project.SendAsync(HttpMethod.Get, next);
                pages.AddRange(ServersOf(page));
                next = page.Next;
            }

            pages.ShouldBe(expected, prefix);
        }
    }

    [Test]
    public async Task List_servers_by_status_returns_those_with_such_a_deployment_and_all_their_counts()
    {
        var project = new Project();
        foreach (var (server, status) in new[] { ("a", "COMPLETE"), ("b", "COMPLETE"), ("b", "FAILED"), ("c", "IN_PROGRESS"), ("d", "FAILED") })
        {
            await CreateAsync(project, server, status);
        }

        var page = await ListAsync(project, "?status=FAILED&limit=1");

        ServersOf(page).ShouldBe(["b"]);
        page.Items[0].GetProperty("deployments").GetRawText().ShouldBe("""{"COMPLETE":1,"IN_PROGRESS":0,"FAILED":1}""");
        page.Json.GetProperty("totals").GetRawText().ShouldBe("""{"servers":4,"COMPLETE":2,"IN_PROGRESS":1,"FAILED":2}""");
        ServersOf(await project.SendAsync(HttpMethod.Get, page.Next!)).ShouldBe(["d"]);
        ServersOf(await ListAsync(project, "?status=COMPLETE")).ShouldBe(["a", "b"]);
        ServersOf(await ListAsync(project, "?status=IN_PROGRESS")).ShouldBe(["c"]);
        ServersOf(await ListAsync(project, "?status=FAILED&server_id_prefix=d")).ShouldBe(["d"]);
    }

    [Test]
    public async Task List_servers_after_a_marker_returns_the_servers_after_it_whether_or_not_it_exists()
    {
        var project = new Project();
        await StoreAsync(project, ["b", "ba", "bb", "d"], "COMPLETE");

        ServersOf(await ListAsync(project, "?marker=b")).ShouldBe(["ba", "bb", "d"]);
        ServersOf(await ListAsync(project, "?marker=c")).ShouldBe(["d"]);
        ServersOf(await ListAsync(project, "?marker=%20")).ShouldBe(["b", "ba", "bb", "d"]);
        ServersOf(await ListAsync(project, "?marker=a&server_id_prefix=ba")).ShouldBe(["ba"]);
        ServersOf(await ListAsync(project, "?marker=ba&server_id_prefix=b")).ShouldBe(["bb"]);
        ServersOf(await ListAsync(project, "?marker=c&server_id_prefix=b")).ShouldBeEmpty();
        foreach (var limit in new[] { string.Empty, "&limit=1" })
        {
            var past = await ListAsync(project, $"?marker=d{limit}");
            past.ShouldBeOk().Text.ShouldBe("""{"servers":[]}""");
            past.Headers.ShouldNotContainKey("Link");
        }
    }

    [Test]
    public async Task List_servers_returns_an_absolute_next_link_with_the_query()
    {
        var project = new Project();
        await StoreAsync(project, ["é/+ a&b", "é/+ c"], "FAILED");

        var link = new Uri((await ListAsync(project, "?status=FAILED&server_id_prefix=%C3%A9/%2B%20&limit=1")).Next!);

        link.GetLeftPart(UriPartial.Path).ShouldBe(new Uri(TestRun.Service.Address, PathOf(project)).ToString());
        link.Query.TrimStart('?').Split('&').Select(Uri.UnescapeDataString)
            .ShouldBe(["status=FAILED", "server_id_prefix=é/+ ", "limit=1", "marker=é/+ a&b"], ignoreOrder: true);
    }

    [Test]
    public async Task List_servers_of_a_project_with_16000_returns_the_totals_or_null_where_they_take_too_long()
    {
        var project = new Project();
        await StoreAsync(project, Enumerable.Range(0, 16_000).Select(number => $"{number:D5}"), "COMPLETE");
        await StoreAsync(project, Enumerable.Range(15_990, 20).Select(number => $"{number:D5}"), "FAILED");
        await StoreAsync(project, Enumerable.Repeat("00001", 3), "FAILED");
        await Agent.CreateAsync(project, "15999");
        await Agent.CreateAsync(project, "only an agent");
        await using var hurried = await Service.StartReadyAsync(
            TestRun.ConnectionString, changeBudgets: budgets => budgets.Totals = TimeSpan.FromMilliseconds(1));

        var counted = await ListAsync(project, "?limit=1");
        var uncounted = await ListAsync(new Project(hurried, project.Id), "?limit=1");

        counted.Json.GetProperty("totals").GetRawText().ShouldBe("""{"servers":16011,"COMPLETE":16000,"IN_PROGRESS":0,"FAILED":21}""");
        uncounted.Json.GetProperty("totals").GetRawText().ShouldBe("null");
        uncounted.Json.GetProperty("servers").GetRawText().ShouldBe(counted.Json.GetProperty("servers").GetRawText());
        uncounted.Next.ShouldEndWith("marker=00000");
    }

    [TestCaseSource(nameof(InvalidQueries))]
    public async Task List_servers_with_an_invalid_query_returns_400(string query, string[] parameters)
    {
        var response = await ListAsync(new Project(), query);

        response.ShouldBeError(HttpStatusCode.BadRequest, parameters);
    }

    [Test]
    public async Task List_servers_takes_a_prefix_and_a_marker_of_255_characters()
    {
        var longest = Uri.EscapeDataString(string.Concat(Enumerable.Repeat("\U0001F680", 255)));

        (await ListAsync(new Project(), $"?server_id_prefix={longest}&marker={longest}&limit=1000")).ShouldBeOk();
    }

    private static string PathOf(Project project) => $"/v1/{project.Id}/servers";

    private static Task<ApiResponse> ListAsync(Project project, string query = "") => project.SendAsync(HttpMethod.Get, PathOf(project) + query);

    private static IReadOnlyList<string> ServersOf(ApiResponse page) => [.. page.Items.Select(server => Text(server, "server_id"))];

    private static string Text(JsonElement element, string member) => element.GetProperty(member).GetString()!;

    private static async Task<ApiResponse> CreateAsync(Project project, string server, string status) =>
        (await project.CreateAsync($$"""{"config_id": "c", "server_id": "{{server}}", "status": "{{status}}"}""")).ShouldBeOk();

    /// <summary>Stores a deployment of each server.</summary>
    private static async Task StoreAsync(Project project, IEnumerable<string> servers, string status)
    {
        await using var insert = TestRun.Database.CreateCommand(
            """
            INSERT INTO software_deployments (project_id, id, config_id, server_id, status, creation_time, version)
            SELECT $1, gen_random_uuid(), 'c', server, $3, now(), 1 FROM unnest($2) AS server
            """);
        insert.Parameters.Add(new() { Value = project.Id });
        insert.Parameters.Add(new() { Value = servers.ToArray() });
        insert.Parameters.Add(new() { Value = status });
        await insert.ExecuteNonQueryAsync();
    }

    private static TestCaseData Query(string query, params string[] parameters) =>
        new TestCaseData(query, parameters).SetArgDisplayNames(query.Length > 100 ? query[..100] : query);
}
