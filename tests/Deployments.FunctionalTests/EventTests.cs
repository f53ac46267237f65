using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The events of a deployment.</summary>
public sealed class EventTests
{
    [Test]
    public async Task List_events_returns_the_creation_and_each_change_oldest_first()
    {
        var project = new Project();
        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "s", "action": "CREATE", "status_reason": "first"}""");
        var responses = new List<ApiResponse> { created };
        foreach (var body in new[]
        {
            """{"status": "FAILED", "status_reason": "second"}""",
            """{"output_values": {"a": 1} }""",
            """{"action": "UPDATE", "status": "IN_PROGRESS", "status_reason": ""}""",
        })
        {
            responses.Add((await project.UpdateAsync(created.Id, body)).ShouldBeOk());
        }

        await project.UpdateAsync(created.Id, "{}");
        await project.UpdateAsync(created.Id, """{"status": "BANANA"}""");
        await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", ("If-Match", created.EntityTag));
        var history = (await project.ListEventsAsync(created.Id)).ShouldBeOk();

        history.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["events"]);
        history.Items.ShouldAllBe(entry => entry.EnumerateObject().Select(member => member.Name)
            .SequenceEqual(new[] { "version", "time", "action", "status", "status_reason", "actor", "request_id" }));
        history.Items.Select(entry => entry.GetProperty("request_id").GetString()).ShouldBe(responses.Select(response => response.RequestId));
        history.Items.Select(entry => entry.GetProperty("action").GetString()).ShouldBe(["CREATE", "CREATE", "CREATE", "UPDATE"]);
        history.Items.Select(entry => entry.GetProperty("status").GetString())
            .ShouldBe(["IN_PROGRESS", "FAILED", "FAILED", "IN_PROGRESS"]);
        history.Items.Select(entry => entry.GetProperty("status_reason").GetString()).ShouldBe(["first", "second", "second", ""]);
        history.Items[0].GetProperty("time").GetString().ShouldBe(created.Deployment.GetProperty("creation_time").GetString());
        history.Items.Skip(1).Select(entry => entry.GetProperty("time").GetString())
            .ShouldBe(responses.Skip(1).Select(response => response.Deployment.GetProperty("updated_time").GetString()));
    }

    [Test]
    public async Task List_events_returns_null_for_missing_fields()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var entry = (await project.ListEventsAsync(id)).Items.ShouldHaveSingleItem().GetRawText();

        entry.ShouldContain("\"action\":null");
        entry.ShouldContain("\"status_reason\":null");
    }

    [Test]
    public async Task Event_actor_is_the_subject_of_the_token()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        var admin = new Token("another") { Roles = ["admin"], Subject = "an admin é" };
        var request = Requests.Make(HttpMethod.Put, $"{project.Path}/{id}", ("X-Auth-Token", admin.ToString()));
        request.Content = Requests.Body("""{"status": "FAILED"}""");

        (await TestRun.Service.SendAsync(request)).ShouldBeOk();

        (await project.ListEventsAsync(id)).Items.Select(entry => entry.GetProperty("actor").GetString()).ShouldBe(["tester", "an admin é"]);
    }

    [Test]
    public async Task Event_request_id_is_that_of_the_request_header()
    {
        var project = new Project();
        var given = $"req-{Guid.NewGuid()}";
        var id = (await project.CreateAsync(Requests.Body(Project.Minimal), (ApiResponse.RequestIdHeader, given))).Id;

        (await project.ListEventsAsync(id)).Items[0].GetProperty("request_id").GetString().ShouldBe(given);
    }

    [Test]
    public async Task List_events_returns_every_event_to_the_second_project_and_404_to_a_third()
    {
        var owner = new Project();
        var second = new Project();
        var id = (await owner.CreateSharedAsync(second)).Id;
        await owner.UpdateAsync(id, """{"action": "of the owner"}""");
        await second.UpdateAsync(id, """{"action": "of the second"}""");

        var history = await owner.ListEventsAsync(id);

        history.Items.Select(entry => entry.GetProperty("action").GetString()).ShouldBe([null, "of the owner", "of the second"]);
        (await second.ListEventsAsync(id)).ShouldBeOk().Text.ShouldBe(history.Text);
        (await new Project().ListEventsAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task List_events_of_a_deployment_that_does_not_exist_returns_404()
    {
        (await new Project().ListEventsAsync(Guid.CreateVersion7().ToString())).ShouldBeError(HttpStatusCode.NotFound);
        (await new Project().ListEventsAsync("banana")).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("deadline", "user:deadline")]
    [TestCase("agent", "user:agent")]
    [TestCase("retention", "user:retention")]
    [TestCase("user:deadline", "user:user:deadline")]
    [TestCase("alice", "alice")]
    public async Task List_events_shows_a_subject_that_could_be_taken_for_the_service_with_a_prefix(string subject, string actor)
    {
        var project = new Project();
        var created = await project.CreateAsAsync(project.Token with { Subject = subject });

        (await project.ListEventsAsync(created.ShouldBeOk().Id)).Items.ShouldHaveSingleItem().GetProperty("actor").GetString().ShouldBe(actor);
    }
}
