using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

public sealed class ListConfigsTests
{
    private const string EmptyList = """{"software_configs":[]}""";

    [Test]
    public async Task List_configs_returns_summaries_newest_first()
    {
        var project = new Project();
        var first = await project.CreateConfigAsync(
            """{"name": "a", "group": "g", "config": "x", "inputs": [{"name": "i"}], "options": {"o": 1} }""");
        var second = await project.CreateConfigAsync("{}");

        var list = await project.ListConfigsAsync();

        list.Items.Select(item => string.Join(", ", item.EnumerateObject().Select(member => $"{member.Name}: {member.Value}"))).ShouldBe(
        [
            $"id: {second.Id}, name: , group: , creation_time: {second.Config.GetProperty("creation_time")}",
            $"id: {first.Id}, name: a, group: g, creation_time: {first.Config.GetProperty("creation_time")}",
        ]);
        list.Headers.ShouldNotContainKey("Link");
    }

    [Test]
    public async Task List_configs_of_a_project_without_configs_returns_an_empty_list()
    {
        await new Project().CreateConfigAsync("{}");

        (await new Project().ListConfigsAsync()).ShouldBeOk().Text.ShouldBe(EmptyList);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    [TestCase(6)]
    public async Task List_configs_by_pages_returns_each_config_once(int limit)
    {
        var project = new Project();
        var ids = await CreateAsync(project, 5);

        var pages = new List<ApiResponse>();
        for (var next = $"{project.ConfigsPath}?limit={limit}"; next is not null; next = pages[^1].Next)
        {
            pages.Add(await project.SendAsync(HttpMethod.Get, next));
            pages.Count.ShouldBeLessThanOrEqualTo(ids.Count);
        }

        pages.SelectMany(page => page.Ids).ShouldBe(ids);
        pages.SkipLast(1).ShouldAllBe(page => page.Ids.Count == limit);
        pages[^1].Ids.ShouldNotBeEmpty();
    }

    [Test]
    public async Task List_configs_returns_an_absolute_next_link_with_the_query()
    {
        var project = new Project();
        var ids = await CreateAsync(project, 3);

        var page = await project.ListConfigsAsync($"?marker={ids[0]}&limit=1");

        page.Ids.ShouldBe([ids[1]]);
        page.Next.ShouldBe($"{TestRun.Service.Absolute(project.ConfigsPath)}?limit=1&marker={ids[1]}");
    }

    [Test]
    public async Task List_configs_after_the_last_marker_returns_an_empty_list_without_a_link([Values("", "&limit=1")] string limit)
    {
        var project = new Project();
        var ids = await CreateAsync(project, 2);

        var page = await project.ListConfigsAsync($"?marker={ids[^1]}{limit}");

        page.ShouldBeOk().Text.ShouldBe(EmptyList);
        page.Headers.ShouldNotContainKey("Link");
    }

    [Test]
    public async Task List_configs_after_a_deleted_marker_returns_the_following_configs([Values("", "&limit=2")] string limit)
    {
        var project = new Project();
        var ids = await CreateAsync(project, 5);
        (await project.DeleteConfigAsync(ids[2])).ShouldBeGone();

        (await project.ListConfigsAsync($"?marker={ids[2]}{limit}")).Ids.ShouldBe([ids[3], ids[4]]);
    }

    [Test]
    public async Task Page_that_is_not_the_last_has_its_link_by_both_names()
    {
        var project = new Project();
        await CreateAsync(project, 2);

        var page = (await project.ListConfigsAsync("?limit=1")).ShouldBeOk().Json;

        page.GetProperty("software_config_links").GetRawText().ShouldBe(page.GetProperty("software_configs_links").GetRawText());
        (await project.ListConfigsAsync("?limit=2")).Json.EnumerateObject().Select(member => member.Name).ShouldBe(["software_configs"]);
    }

    private static async Task<IReadOnlyList<string>> CreateAsync(Project project, int count)
    {
        var ids = new List<string>();
        for (var i = 0; i < count; i++)
        {
            ids.Insert(0, (await project.CreateConfigAsync("{}")).Id);
        }

        return ids;
    }
}
