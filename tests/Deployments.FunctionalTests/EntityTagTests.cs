using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Entity tags and conditional reads.</summary>
public sealed class EntityTagTests
{
    private const string Tag = "TAG";

    [Test]
    public async Task Entity_tag_is_strong_equal_in_every_response_and_changed_by_an_update()
    {
        var project = new Project();

        var created = await project.CreateAsync(Project.Minimal);
        var shown = await project.GetAsync(created.Id);
        var unchanged = await project.UpdateAsync(created.Id, "{}");
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");
        var shownAgain = await project.GetAsync(created.Id);

        created.EntityTag.ShouldMatch("^\"[!#-~]+\"$");
        shown.EntityTag.ShouldBe(created.EntityTag);
        unchanged.EntityTag.ShouldBe(created.EntityTag);
        changed.EntityTag.ShouldNotBe(created.EntityTag);
        shownAgain.EntityTag.ShouldBe(changed.EntityTag);
    }

    [Test]
    public async Task Entity_tag_is_not_reused_when_an_update_restores_an_earlier_value()
    {
        var project = new Project();
        var id = (await project.CreateAsync("""{"config_id": "c", "server_id": "s", "action": "A"}""")).Id;

        var tags = new List<string> { (await project.GetAsync(id)).EntityTag };
        foreach (var action in new[] { "B", "A", "B", "A" })
        {
            tags.Add((await project.UpdateAsync(id, $$"""{"action": "{{action}}"}""")).EntityTag);
        }

        tags.ShouldBeUnique();
    }

    [Test]
    public async Task Entity_tag_is_the_same_for_every_caller()
    {
        var owner = new Project();
        var second = new Project();
        var id = (await owner.CreateSharedAsync(second)).Id;
        var changed = await second.UpdateAsync(id, """{"status": "COMPLETE"}""");

        var responses = new[]
        {
            await owner.GetAsync(id),
            await owner.GetAsync(id, owner.Token with { Roles = ["reader"] }),
            await owner.GetAsync(id, new Token("another") { Roles = ["admin"] }),
            await second.GetAsync(id),
        };

        responses.ShouldAllBe(response => response.ShouldBeOk().EntityTag == changed.EntityTag && response.Text == changed.Text);
        (await second.GetAsync(id, null, ("If-None-Match", responses[0].EntityTag))).Status.ShouldBe(HttpStatusCode.NotModified);
    }

    [Test]
    public async Task Create_and_get_config_return_the_same_entity_tag()
    {
        var project = new Project();

        var created = await project.CreateConfigAsync("{}");
        var shown = await project.GetConfigAsync(created.Id);

        created.EntityTag.ShouldMatch("^\"[!#-~]+\"$");
        shown.EntityTag.ShouldBe(created.EntityTag);
    }

    [TestCase(Tag)]
    [TestCase("*")]
    [TestCase("W/" + Tag)]
    [TestCase("\"other\", " + Tag)]
    [TestCase(Tag + ",\"other\"")]
    [TestCase("W/\"other\", W/" + Tag)]
    public async Task Get_with_a_matching_if_none_match_returns_304(string ifNoneMatch)
    {
        var project = new Project();
        var deployment = await project.CreateAsync(Project.Minimal);
        var config = await project.CreateConfigAsync("{}");

        ShouldBeUnmodified(
            await project.GetAsync(deployment.Id, null, ("If-None-Match", With(deployment, ifNoneMatch))), deployment.EntityTag);
        ShouldBeUnmodified(await project.GetConfigAsync(config.Id, ("If-None-Match", With(config, ifNoneMatch))), config.EntityTag);
    }

    [TestCase("\"other\"")]
    [TestCase("\"other\", \"another\"")]
    [TestCase("W/\"other\"")]
    [TestCase("")]
    public async Task Get_with_another_if_none_match_returns_200(string ifNoneMatch)
    {
        var project = new Project();
        var deployment = await project.CreateAsync(Project.Minimal);
        var config = await project.CreateConfigAsync("{}");

        (await project.GetAsync(deployment.Id, null, ("If-None-Match", ifNoneMatch))).ShouldBeOk().Text.ShouldBe(deployment.Text);
        (await project.GetConfigAsync(config.Id, ("If-None-Match", ifNoneMatch))).ShouldBeOk().Text.ShouldBe(config.Text);
    }

    [Test]
    public async Task Get_deployment_with_an_outdated_if_none_match_returns_200_with_the_update()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");

        var response = await project.GetAsync(created.Id, null, ("If-None-Match", created.EntityTag));

        response.ShouldBeOk().Text.ShouldBe(changed.Text);
    }

    [Test]
    public async Task Get_deployment_of_another_project_returns_404_with_every_if_none_match()
    {
        var project = new Project();
        var foreign = await new Project().CreateAsync(Project.Minimal);

        (await project.GetAsync(foreign.Id, null, ("If-None-Match", "*"))).ShouldBeError(HttpStatusCode.NotFound);
        (await project.GetAsync(foreign.Id, null, ("If-None-Match", foreign.EntityTag))).ShouldBeError(HttpStatusCode.NotFound);
    }

    private static string With(ApiResponse response, string header) => header.Replace(Tag, response.EntityTag, StringComparison.Ordinal);

    private static void ShouldBeUnmodified(ApiResponse response, string tag)
    {
        response.Status.ShouldBe(HttpStatusCode.NotModified);
        response.Text.ShouldBeEmpty();
        response.EntityTag.ShouldBe(tag);
        response.Headers.ShouldNotContainKey("Content-Type");
        response.RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }
}
