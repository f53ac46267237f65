using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

public sealed class ListConfigsTests
{
    private const string EmptyList = """{"software_configs":[]}""";

    [Test]
    public async Task Configs_are_listed_newest_first_in_summary()
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
    public async Task A_project_without_configs_has_an_empty_list()
    {
        await new Project().CreateConfigAsync("{}");

        (await new Project().ListConfigsAsync()).ShouldBeOk().Text.ShouldBe(EmptyList);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    [TestCase(6)]
    public async Task Pages_follow_their_links_to_the_end_and_show_each_config_once(int limit)
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
    public async Task A_link_is_absolute_and_keeps_what_was_asked()
    {
        var project = new Project();
        var ids = await CreateAsync(project, 3);

        var page = await project.ListConfigsAsync($"?marker={ids[0]}&limit=1");

        page.Ids.ShouldBe([ids[1]]);
        page.Next.ShouldBe($"{TestRun.Service.Absolute(project.ConfigsPath)}?limit=1&marker={ids[1]}");
    }

    [Test]
    public async Task Past_the_end_there_is_nothing_and_no_link([Values("", "&limit=1")] string limit)
    {
        var project = new Project();
        var ids = await CreateAsync(project, 2);

        var page = await project.ListConfigsAsync($"?marker={ids[^1]}{limit}");

        page.ShouldBeOk().Text.ShouldBe(EmptyList);
        page.Headers.ShouldNotContainKey("Link");
    }

    [Test]
    public async Task A_marker_whose_config_is_gone_still_marks_its_place([Values("", "&limit=2")] string limit)
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
