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
    public async Task Delete_deployment_deletes_its_events_and_returns_404_afterwards()
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
    public async Task Delete_deployment_in_each_status_returns_204(string status)
    {
        var project = new Project();
        var id = (await project.CreateAsync($$"""{"config_id": "c", "server_id": "s", "status": "{{status}}"}""")).Id;

        (await project.DeleteAsync(id)).ShouldBeGone();
    }

    [Test]
    public async Task Delete_deployment_with_a_body_returns_204()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.SendAsync(HttpMethod.Delete, $"{project.Path}/{id}", "{}")).ShouldBeGone();
    }

    [TestCaseSource(nameof(Conditions))]
    public async Task Delete_deployment_with_if_match_returns_204_only_if_the_entity_tag_matches(string ifMatch, HttpStatusCode status)
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);

        var response = await project.DeleteAsync(
            created.Id, ("If-Match", ifMatch.Replace("TAG", created.EntityTag, StringComparison.Ordinal)));

        if (status == HttpStatusCode.NoContent)
        {
            response.ShouldBeGone();
            (await project.CountStoredAsync()).ShouldBe(0);
        }
        else
        {
            response.ShouldBeError(status, status == HttpStatusCode.BadRequest ? ["If-Match"] : []);
            (await project.GetAsync(created.Id)).ShouldBeOk().Text.ShouldBe(created.Text);
            (await project.CountStoredEventsAsync()).ShouldBe(1);
        }
    }

    [Test]
    public async Task Delete_deployment_with_an_outdated_if_match_returns_412()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");

        (await project.DeleteAsync(created.Id, ("If-Match", created.EntityTag))).ShouldBeError(HttpStatusCode.PreconditionFailed);
        (await project.DeleteAsync(created.Id, ("If-Match", changed.EntityTag))).ShouldBeGone();
        (await project.DeleteAsync(created.Id, ("If-Match", "*"))).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Concurrent_update_and_delete_with_the_same_if_match_succeed_once()
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
    public async Task Concurrent_updates_and_delete_leave_no_events()
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
    public async Task Concurrent_deletes_return_204_once_and_404_otherwise()
    {
        var project = new Project();
        for (var round = 0; round < 20; round++)
        {
            var id = (await project.CreateAsync(Project.Minimal)).Id;

            var responses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => project.DeleteAsync(id)));

            responses.Count(response => response.Status == HttpStatusCode.NoContent).ShouldBe(1);
            responses.Count(response => response.Status == HttpStatusCode.NotFound).ShouldBe(3);
        }
    }
}
