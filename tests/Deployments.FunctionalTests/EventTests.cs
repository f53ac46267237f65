using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A deployment's history: who did what to it, and when.</summary>
public sealed class EventTests
{
    [Test]
    public async Task There_is_one_event_for_the_creation_and_one_for_each_change_oldest_first()
    {
        var project = new Project();
        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "s", "action": "CREATE", "status_reason": "first"}""");
        var answers = new List<ApiResponse> { created };
        foreach (var body in new[]
        {
            """{"status": "FAILED", "status_reason": "second"}""",
            """{"output_values": {"a": 1} }""",
            """{"action": "UPDATE", "status": "IN_PROGRESS", "status_reason": ""}""",
        })
        {
            answers.Add((await project.UpdateAsync(created.Id, body)).ShouldBeOk());
        }

        await project.UpdateAsync(created.Id, "{}");
        await project.UpdateAsync(created.Id, """{"status": "BANANA"}""");
        await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", ("If-Match", created.EntityTag));
        var history = (await project.ListEventsAsync(created.Id)).ShouldBeOk();

        history.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["events"]);
        history.Items.ShouldAllBe(entry => entry.EnumerateObject().Select(member => member.Name)
            .SequenceEqual(new[] { "version", "time", "action", "status", "status_reason", "actor", "request_id" }));
        history.Items.Select(entry => entry.GetProperty("request_id").GetString()).ShouldBe(answers.Select(answer => answer.RequestId));
        history.Items.Select(entry => entry.GetProperty("action").GetString()).ShouldBe(["CREATE", "CREATE", "CREATE", "UPDATE"]);
        history.Items.Select(entry => entry.GetProperty("status").GetString())
            .ShouldBe(["IN_PROGRESS", "FAILED", "FAILED", "IN_PROGRESS"]);
        history.Items.Select(entry => entry.GetProperty("status_reason").GetString()).ShouldBe(["first", "second", "second", ""]);
        history.Items[0].GetProperty("time").GetString().ShouldBe(created.Deployment.GetProperty("creation_time").GetString());
        history.Items.Skip(1).Select(entry => entry.GetProperty("time").GetString())
            .ShouldBe(answers.Skip(1).Select(answer => answer.Deployment.GetProperty("updated_time").GetString()));
    }

    [Test]
    public async Task What_was_not_given_is_null()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var entry = (await project.ListEventsAsync(id)).Items.ShouldHaveSingleItem().GetRawText();

        entry.ShouldContain("\"action\":null");
        entry.ShouldContain("\"status_reason\":null");
    }

    [Test]
    public async Task The_actor_is_the_subject_of_the_token()
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
    public async Task The_request_id_is_the_one_that_the_caller_gave()
    {
        var project = new Project();
        var given = $"req-{Guid.NewGuid()}";
        var id = (await project.CreateAsync(Requests.Body(Project.Minimal), (ApiResponse.RequestIdHeader, given))).Id;

        (await project.ListEventsAsync(id)).Items[0].GetProperty("request_id").GetString().ShouldBe(given);
    }

    [Test]
    public async Task The_second_project_sees_the_whole_history_and_a_third_sees_nothing()
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
    public async Task An_unknown_deployment_has_no_history()
    {
        (await new Project().ListEventsAsync(Guid.CreateVersion7().ToString())).ShouldBeError(HttpStatusCode.NotFound);
        (await new Project().ListEventsAsync("banana")).ShouldBeError(HttpStatusCode.NotFound);
    }
}
