using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The content, order and pages of lists.</summary>
public sealed class ListDeploymentsTests
{
    private const string EmptyList = """{"software_deployments":[]}""";

    // Each has one of two values, which makes sixteen deployments.
    private static readonly string[] Filters = ["server_id", "config_id", "action", "status"];

    private static IEnumerable<string[]> SetsOfFilters =>
        from set in Enumerable.Range(1, (1 << Filters.Length) - 1)
        select Filters.Where((_, index) => (set & (1 << index)) != 0).ToArray();

    [Test]
    public async Task List_deployments_returns_them_oldest_first_as_GET_returns_each()
    {
        var project = new Project();
        var first = await project.CreateAsync("""{"config_id": "z", "server_id": "z", "input_values": {"b": 1.0, "a": [null]} }""");
        var second = await project.CreateAsync("""{"config_id": "a", "server_id": "a", "status": "FAILED", "status_reason": "é"}""");
        var third = await project.CreateAsync(Project.Minimal);
        var changed = await project.UpdateAsync(first.Id, """{"action": "UPDATE"}""");

        var list = await project.ListAsync();

        list.Items.Select(item => item.GetRawText()).ShouldBe(
            new[] { changed, second, third }.Select(response => response.Deployment.GetRawText()));
        list.Headers.ShouldNotContainKey("Link");
        (await project.ListAsync("?sort_dir=asc")).Ids.ShouldBe(list.Ids);
        (await project.ListAsync("?sort_dir=desc")).Ids.ShouldBe(list.Ids.Reverse());
    }

    [Test]
    public async Task List_deployments_of_a_project_without_deployments_returns_an_empty_list()
    {
        await new Project().CreateAsync(Project.Minimal);

        (await new Project().ListAsync()).ShouldBeOk().Text.ShouldBe(EmptyList);
    }

    [TestCaseSource(nameof(SetsOfFilters))]
    public async Task List_deployments_returns_those_that_match_all_filters(string[] filters)
    {
        var project = new Project();
        (await project.CreateBatchAsync(
            from server in new[] { "s1", "s2" }
            from config in new[] { "c1", "c2" }
            from action in new[] { "\"CREATE\"", "null" }
            from status in new[] { "COMPLETE", "FAILED" }
            select $$"""{"server_id": "{{server}}", "config_id": "{{config}}", "action": {{action}}, "status": "{{status}}"}""")).ShouldBeOk();
        var sought = new Dictionary<string, string>
        {
            ["server_id"] = "s2",
            ["config_id"] = "c1",
            ["action"] = "CREATE",
            ["status"] = "FAILED",
        };

        var found = (await project.ListAsync("?" + string.Join('&', filters.Select(filter => $"{filter}={sought[filter]}")))).Items;

        found.Count.ShouldBe(1 << (Filters.Length - filters.Length));
        found.ShouldAllBe(item => filters.All(filter => item.GetProperty(filter).GetString() == sought[filter]));
    }

    [TestCase("server_id")]
    [TestCase("config_id")]
    [TestCase("action")]
    public async Task List_deployments_matches_filter_values_exactly(string filter)
    {
        string[] values = ["a", "A", "a ", " a", "ab", "%", "_", "é", "e\u0301", "a&b=c", "a+b", "a b", "a/b", "a%2Fb", "\U0001F680", "null", "'"];
        var project = new Project();
        await project.CreateBatchAsync(values.Select(value => JsonSerializer.Serialize(
            new Dictionary<string, string> { ["config_id"] = "c", ["server_id"] = "s", [filter] = value })));

        foreach (var value in values)
        {
            var found = await project.ListAsync($"?{filter}={Uri.EscapeDataString(value)}");

            found.Items.Select(item => item.GetProperty(filter).GetString()).ShouldBe([value]);
        }
    }

    [Test]
    public async Task List_deployments_with_a_filter_without_match_returns_an_empty_list()
    {
        var project = new Project();
        await project.CreateAsync(Project.Minimal);

        foreach (var query in new[] { "?server_id=x", "?config_id=x", "?action=x", "?status=FAILED", "?server_id=x&limit=1" })
        {
            (await project.ListAsync(query)).ShouldBeOk().Text.ShouldBe(EmptyList);
        }
    }

    [Test]
    public async Task List_deployments_by_pages_returns_each_deployment_once(
        [Values(1, 3, 6, 7, 8, 1_000)] int limit,
        [Values("", "&server_id=a%20server&status=IN_PROGRESS")] string filters,
        [Values("", "&sort_dir=desc")] string order)
    {
        var project = new Project();
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 7))).Ids;
        await project.CreateAsync("""{"config_id": "c", "server_id": "another"}""");
        if (filters.Length == 0)
        {
            ids = (await project.ListAsync()).Ids;
        }

        ids = order.Length == 0 ? ids : [.. ids.Reverse()];

        var pages = new List<ApiResponse>();
        for (var next = $"{project.Path}?limit={limit}{filters}{order}"; next is not null; next = pages[^1].Next)
        {
            pages.Add(await project.SendAsync(HttpMethod.Get, next));
            pages.Count.ShouldBeLessThanOrEqualTo(ids.Count);
        }

        pages.SelectMany(page => page.Ids).ShouldBe(ids);
        pages.SkipLast(1).ShouldAllBe(page => page.Ids.Count == limit);
        pages[^1].Ids.ShouldNotBeEmpty();
    }

    [Test]
    public async Task List_deployments_returns_an_absolute_next_link_with_the_query()
    {
        var project = new Project();
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat("""{"config_id": "c&d", "server_id": "é/+"}""", 3))).Ids;

        var page = await project.ListAsync($"?limit=1&server_id=%C3%A9/%2B&config_id=c%26d&sort_dir=asc&marker={ids[0]}");

        page.Ids.ShouldBe([ids[1]]);
        var link = new Uri(page.Next!);
        link.GetLeftPart(UriPartial.Path).ShouldBe(new Uri(TestRun.Service.Address, project.Path).ToString());
        link.Query.TrimStart('?').Split('&').Select(Uri.UnescapeDataString)
            .ShouldBe(["limit=1", "server_id=é/+", "config_id=c&d", "sort_dir=asc", $"marker={ids[1]}"], ignoreOrder: true);
    }

    [Test]
    public async Task List_deployments_after_the_last_marker_returns_an_empty_list_without_a_link([Values("", "&limit=1")] string limit)
    {
        var project = new Project();
        await project.CreateAsync(Project.Minimal);
        var last = (await project.CreateAsync(Project.Minimal)).Id;
        var first = (await project.ListAsync()).Ids[0];

        foreach (var query in new[] { $"?marker={last}{limit}", $"?sort_dir=desc&marker={first}{limit}" })
        {
            var page = await project.ListAsync(query);

            page.ShouldBeOk().Text.ShouldBe(EmptyList);
            page.Headers.ShouldNotContainKey("Link");
        }
    }

    [Test]
    public async Task List_deployments_after_a_deleted_marker_returns_the_following_deployments([Values("", "&limit=2")] string limit)
    {
        var project = new Project();
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 5))).Ids;
        (await project.DeleteAsync(ids[2])).ShouldBeGone();

        (await project.ListAsync($"?marker={ids[2]}{limit}")).Ids.ShouldBe([ids[3], ids[4]]);
        (await project.ListAsync($"?marker={ids[1]}{limit}")).Ids.ShouldBe([ids[3], ids[4]]);
        (await project.ListAsync($"?sort_dir=desc&marker={ids[2]}{limit}")).Ids.ShouldBe([ids[1], ids[0]]);
        (await project.ListAsync($"?sort_dir=desc&marker={ids[3]}{limit}")).Ids.ShouldBe([ids[1], ids[0]]);
    }

    [Test]
    public async Task List_deployments_merges_own_and_shared_deployments_in_order_without_duplicates(
        [Values("", "&server_id=a%20server")] string filter, [Values("", "&sort_dir=desc")] string order)
    {
        var project = new Project();
        var owner = new Project();
        var another = new Project();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await project.CreateAsync(Project.Minimal)).Id);
            ids.Add((await owner.CreateSharedAsync(project)).Id);
            ids.Add((await project.CreateSharedAsync(project)).Id);
            ids.Add((await another.CreateSharedAsync(project)).Id);
            ids.Add((await project.CreateSharedAsync(another)).Id);
            await owner.CreateAsync(Project.Minimal);
            await owner.CreateSharedAsync(another);
        }

        if (order.Length > 0)
        {
            ids.Reverse();
        }

        (await project.ListAsync("?" + (filter + order).TrimStart('&'))).Ids.ShouldBe(ids);

        var paged = new List<string>();
        for (var next = $"{project.Path}?limit=2{filter}{order}"; next is not null;)
        {
            var page = await project.SendAsync(HttpMethod.Get, next);
            paged.AddRange(page.Ids);
            next = page.Next;
        }

        paged.ShouldBe(ids);
    }

    [Test]
    public async Task List_deployments_after_another_projects_marker_returns_only_own_deployments()
    {
        var project = new Project();
        var before = await project.CreateAsync(Project.Minimal);
        var foreign = await new Project().CreateAsync(Project.Minimal);
        var after = await project.CreateAsync(Project.Minimal);

        (await project.ListAsync($"?marker={foreign.Id}")).Ids.ShouldBe([after.Id]);
        (await project.ListAsync()).Ids.ShouldBe([before.Id, after.Id]);
    }
}
