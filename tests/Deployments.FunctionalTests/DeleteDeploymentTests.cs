using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

public sealed class DeleteDeploymentTests
{
    private static IEnumerable<TestCaseData> Conditions =>
    [
        new("TAG", HttpStatusCode.NoContent),
        new("*", HttpStatusCode.NoContent),
        new("\"other\", TAG", HttpStatusCode.NoContent),
        new("\"other\"", HttpStatusCode.PreconditionFailed),
        new("W/TAG", HttpStatusCode.PreconditionFailed),
        new("banana", HttpStatusCode.BadRequest),
        new("", HttpStatusCode.BadRequest),
    ];

    [Test]
    public async Task A_deployment_is_deleted_once_and_its_history_with_it()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        await project.UpdateAsync(id, """{"status": "COMPLETE"}""");
        var other = await project.CreateAsync(Project.Minimal);
        (await project.CountStoredEventsAsync()).ShouldBe(3);

        (await project.DeleteAsync(id)).ShouldBeGone();

        (await project.DeleteAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.GetAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.UpdateAsync(id, "{}")).ShouldBeError(HttpStatusCode.NotFound);
        (await project.ListEventsAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.ListAsync()).Ids.ShouldBe([other.Id]);
        (await project.CountStoredAsync()).ShouldBe(1);
        (await project.CountStoredEventsAsync()).ShouldBe(1);
    }

    [TestCase("COMPLETE")]
    [TestCase("IN_PROGRESS")]
    [TestCase("FAILED")]
    public async Task A_deployment_may_be_deleted_in_every_status(string status)
    {
        var project = new Project();
        var id = (await project.CreateAsync($$"""{"config_id": "c", "server_id": "s", "status": "{{status}}"}""")).Id;

        (await project.DeleteAsync(id)).ShouldBeGone();
    }

    [Test]
    public async Task A_body_that_comes_along_is_passed_over()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.SendAsync(HttpMethod.Delete, $"{project.Path}/{id}", "{}")).ShouldBeGone();
    }

    [TestCaseSource(nameof(Conditions))]
    public async Task A_deletion_on_condition_is_made_where_the_condition_holds(string ifMatch, HttpStatusCode status)
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);

        var answer = await project.DeleteAsync(
            created.Id, ("If-Match", ifMatch.Replace("TAG", created.EntityTag, StringComparison.Ordinal)));

        if (status == HttpStatusCode.NoContent)
        {
            answer.ShouldBeGone();
            (await project.CountStoredAsync()).ShouldBe(0);
        }
        else
        {
            answer.ShouldBeError(status, status == HttpStatusCode.BadRequest ? ["If-Match"] : []);
            (await project.GetAsync(created.Id)).ShouldBeOk().Text.ShouldBe(created.Text);
            (await project.CountStoredEventsAsync()).ShouldBe(1);
        }
    }

    [Test]
    public async Task A_tag_from_before_a_change_deletes_nothing()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");

        (await project.DeleteAsync(created.Id, ("If-Match", created.EntityTag))).ShouldBeError(HttpStatusCode.PreconditionFailed);
        (await project.DeleteAsync(created.Id, ("If-Match", changed.EntityTag))).ShouldBeGone();
        (await project.DeleteAsync(created.Id, ("If-Match", "*"))).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Of_a_writer_and_a_deleter_with_the_same_tag_exactly_one_wins()
    {
        var project = new Project();
        for (var round = 0; round < 30; round++)
        {
            var created = await project.CreateAsync(Project.Minimal);

            var change = project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", ("If-Match", created.EntityTag));
            var deletion = project.DeleteAsync(created.Id, ("If-Match", created.EntityTag));
            await Task.WhenAll(change, deletion);

            if ((await change).Status == HttpStatusCode.OK)
            {
                (await deletion).ShouldBeError(HttpStatusCode.PreconditionFailed);
                (await project.DeleteAsync(created.Id)).ShouldBeGone();
            }
            else
            {
                (await change).Status.ShouldBe(HttpStatusCode.NotFound);
                (await deletion).ShouldBeGone();
            }
        }
    }

    [Test]
    public async Task Changes_that_meet_a_deletion_leave_no_history_behind()
    {
        var project = new Project();
        for (var round = 0; round < 50; round++)
        {
            var id = (await project.CreateAsync(Project.Minimal)).Id;

            var changes = new List<Task<ApiResponse>>();
            for (var change = 0; change < 3; change++)
            {
                changes.Add(project.UpdateAsync(id, $$"""{"status_reason": "{{change}}"}"""));
            }

            var deletion = project.DeleteAsync(id);
            changes.Add(project.UpdateAsync(id, """{"status_reason": "last"}"""));

            (await deletion).ShouldBeGone();
            foreach (var change in await Task.WhenAll(changes))
            {
                change.Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.NotFound);
            }
        }

        (await project.CountStoredAsync()).ShouldBe(0);
        (await project.CountStoredEventsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Of_several_deleters_exactly_one_wins()
    {
        var project = new Project();
        for (var round = 0; round < 20; round++)
        {
            var id = (await project.CreateAsync(Project.Minimal)).Id;

            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => project.DeleteAsync(id)));

            answers.Count(answer => answer.Status == HttpStatusCode.NoContent).ShouldBe(1);
            answers.Count(answer => answer.Status == HttpStatusCode.NotFound).ShouldBe(3);
        }
    }
}
