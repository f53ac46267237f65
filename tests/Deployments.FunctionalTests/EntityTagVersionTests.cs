using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What an entity tag is made of, and what proxies make of it.</summary>
public sealed class EntityTagVersionTests
{
    [Test]
    public async Task Version_used_again_after_a_restore_has_another_tag()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var lost = await project.UpdateAsync(created.Id, """{"status": "FAILED"}""");
        await using (var restore = TestRun.Database.CreateCommand(
            "UPDATE software_deployments SET version = 1, updated_time = NULL, status = 'IN_PROGRESS' WHERE project_id = $1"))
        {
            restore.Parameters.AddWithValue(project.Id);
            await restore.ExecuteNonQueryAsync();
        }

        await using (var forget = TestRun.Database.CreateCommand("DELETE FROM deployment_events WHERE project_id = $1 AND version = 2"))
        {
            forget.Parameters.AddWithValue(project.Id);
            await forget.ExecuteNonQueryAsync();
        }

        (await project.GetAsync(created.Id)).EntityTag.ShouldBe(created.EntityTag);
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", ("If-Match", created.EntityTag));

        changed.ShouldBeOk().EntityTag.ShouldNotBe(lost.EntityTag);
        (await project.GetAsync(created.Id, null, ("If-None-Match", lost.EntityTag))).ShouldBeOk().Text.ShouldBe(changed.Text);
        (await project.UpdateAsync(created.Id, """{"status": "FAILED"}""", ("If-Match", lost.EntityTag)))
            .ShouldBeError(HttpStatusCode.PreconditionFailed);
        (await project.DeleteAsync(created.Id, ("If-Match", lost.EntityTag))).ShouldBeError(HttpStatusCode.PreconditionFailed);
    }

    [Test]
    public async Task Two_deployments_and_two_configs_of_the_same_version_have_different_tags()
    {
        var project = new Project();

        (await project.CreateAsync(Project.Minimal)).EntityTag.ShouldNotBe((await project.CreateAsync(Project.Minimal)).EntityTag);
        (await project.CreateConfigAsync("{}")).EntityTag.ShouldNotBe((await project.CreateConfigAsync("{}")).EntityTag);
    }

    [Test]
    public async Task Tag_is_the_same_for_the_creation_and_the_reading_however_many_deployments_are_created()
    {
        var project = new Project();
        for (var i = 0; i < 20; i++)
        {
            var created = await project.CreateAsync("""{"config_id": "c", "server_id": "s", "timeout": 3600}""");
            (await project.GetAsync(created.Id)).EntityTag.ShouldBe(created.EntityTag);

            var changed = await project.UpdateAsync(created.Id, """{"timeout": 60}""");
            (await project.GetAsync(created.Id)).EntityTag.ShouldBe(changed.EntityTag);

            var config = await project.CreateConfigAsync("{}");
            (await project.GetConfigAsync(config.Id)).EntityTag.ShouldBe(config.EntityTag);
        }
    }

    [Test]
    public async Task Bare_version_of_the_release_before_is_taken_in_If_Match_alone()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.UpdateAsync(id, """{"status": "FAILED"}""", ("If-Match", "\"2\""))).ShouldBeError(HttpStatusCode.PreconditionFailed);
        (await project.UpdateAsync(id, """{"status": "FAILED"}""", ("If-Match", "\"1\""))).ShouldBeOk();
        (await project.GetAsync(id, null, ("If-None-Match", "\"2\""))).ShouldBeOk();
        (await project.DeleteAsync(id, ("If-Match", "\"1\""))).ShouldBeError(HttpStatusCode.PreconditionFailed);
        (await project.DeleteAsync(id, ("If-Match", "\"2\""))).ShouldBeGone();
    }

    [TestCase("W/TAG")]
    [TestCase("TAG-gzip")]
    [TestCase("TAG-br")]
    [TestCase("TAG-deflate")]
    [TestCase("TAG-zstd")]
    [TestCase("TAG;gzip")]
    [TestCase("TAG;br")]
    [TestCase("TAG--gzip")]
    [TestCase("W/TAG-gzip")]
    [TestCase("\"other\", W/TAG")]
    public async Task If_Match_with_a_tag_that_a_proxy_has_changed_is_refused_and_the_proxy_named(string ifMatch)
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var header = ("If-Match", Altered(ifMatch, created.EntityTag));

        foreach (var response in new[]
        {
            await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", header), await project.DeleteAsync(created.Id, header),
        })
        {
            response.ShouldBeError(HttpStatusCode.PreconditionFailed).Json.GetProperty("detail").GetString()!.ShouldContain("proxy");
        }

        (await project.GetAsync(created.Id)).ShouldBeOk().Text.ShouldBe(created.Text);
    }

    [Test]
    public async Task If_Match_with_an_older_tag_is_refused_without_a_word_of_a_proxy()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");

        (await project.UpdateAsync(created.Id, "{}", ("If-Match", created.EntityTag))).ShouldBeError(HttpStatusCode.PreconditionFailed)
            .Json.GetProperty("detail").GetString()!.ShouldNotContain("proxy");
    }

    [TestCase("W/TAG, TAG")]
    [TestCase("TAG-gzip, TAG")]
    public async Task If_Match_with_the_tag_beside_one_that_a_proxy_has_changed_is_met(string ifMatch)
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var tags = ifMatch.Split(", ").Select(tag => Altered(tag, created.EntityTag));

        (await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", ("If-Match", string.Join(", ", tags)))).ShouldBeOk();
    }

    [Test]
    public async Task If_Match_of_a_deployment_that_does_not_exist_is_not_found_whatever_a_proxy_has_done() =>
        (await new Project().UpdateAsync(Guid.CreateVersion7().ToString(), "{}", ("If-Match", "W/\"1\""))).ShouldBeError(HttpStatusCode.NotFound);

    // A suffix goes inside the quotation marks.
    private static string Altered(string form, string tag)
    {
        var (before, after) = (form[..form.IndexOf("TAG", StringComparison.Ordinal)], form[(form.IndexOf("TAG", StringComparison.Ordinal) + 3)..]);
        return $"{before}{tag[..^1]}{after}\"";
    }
}
