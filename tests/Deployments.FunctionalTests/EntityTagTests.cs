using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Entity tags, and reading only what has changed.</summary>
public sealed class EntityTagTests
{
    private const string Tag = "TAG";

    [Test]
    public async Task The_tag_is_strong_the_same_on_every_answer_that_shows_the_same_and_another_after_a_change()
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
    public async Task The_tag_never_comes_back_even_where_the_deployment_does()
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
    public async Task The_tag_is_the_same_for_every_caller()
    {
        var owner = new Project();
        var second = new Project();
        var id = (await owner.CreateSharedAsync(second)).Id;
        var changed = await second.UpdateAsync(id, """{"status": "COMPLETE"}""");

        var answers = new[]
        {
            await owner.GetAsync(id),
            await owner.GetAsync(id, owner.Token with { Roles = ["reader"] }),
            await owner.GetAsync(id, new Token("another") { Roles = ["admin"] }),
            await second.GetAsync(id),
        };

        answers.ShouldAllBe(answer => answer.ShouldBeOk().EntityTag == changed.EntityTag && answer.Text == changed.Text);
        (await second.GetAsync(id, null, ("If-None-Match", answers[0].EntityTag))).Status.ShouldBe(HttpStatusCode.NotModified);
    }

    [Test]
    public async Task Configs_have_a_tag_too()
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
    public async Task What_the_caller_has_already_is_not_sent_again(string ifNoneMatch)
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
    public async Task What_the_caller_has_not_is_sent(string ifNoneMatch)
    {
        var project = new Project();
        var deployment = await project.CreateAsync(Project.Minimal);
        var config = await project.CreateConfigAsync("{}");

        (await project.GetAsync(deployment.Id, null, ("If-None-Match", ifNoneMatch))).ShouldBeOk().Text.ShouldBe(deployment.Text);
        (await project.GetConfigAsync(config.Id, ("If-None-Match", ifNoneMatch))).ShouldBeOk().Text.ShouldBe(config.Text);
    }

    [Test]
    public async Task A_tag_from_before_a_change_brings_the_change()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");

        var answer = await project.GetAsync(created.Id, null, ("If-None-Match", created.EntityTag));

        answer.ShouldBeOk().Text.ShouldBe(changed.Text);
    }

    [Test]
    public async Task What_is_not_there_is_not_found_whatever_the_caller_has()
    {
        var project = new Project();
        var foreign = await new Project().CreateAsync(Project.Minimal);

        (await project.GetAsync(foreign.Id, null, ("If-None-Match", "*"))).ShouldBeError(HttpStatusCode.NotFound);
        (await project.GetAsync(foreign.Id, null, ("If-None-Match", foreign.EntityTag))).ShouldBeError(HttpStatusCode.NotFound);
    }

    private static string With(ApiResponse answer, string header) => header.Replace(Tag, answer.EntityTag, StringComparison.Ordinal);

    private static void ShouldBeUnmodified(ApiResponse answer, string tag)
    {
        answer.Status.ShouldBe(HttpStatusCode.NotModified);
        answer.Text.ShouldBeEmpty();
        answer.EntityTag.ShouldBe(tag);
        answer.Headers.ShouldNotContainKey("Content-Type");
        answer.RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }
}
