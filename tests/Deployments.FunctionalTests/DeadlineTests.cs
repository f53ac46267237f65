using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A deployment in progress fails once at its deadline; one that is not in progress has no deadline.</summary>
public sealed class DeadlineTests
{
    private const string AnHour = """{"config_id": "c", "server_id": "s", "timeout": 3600}""";
    private const string ASecond = """{"config_id": "c", "server_id": "s", "action": "CREATE", "timeout": 1}""";

    [TestCase("1")]
    [TestCase("3600")]
    [TestCase("2592000")]
    public async Task Create_with_a_timeout_returns_a_deadline_that_long_after_the_creation(string timeout)
    {
        var project = new Project();

        var created = await project.CreateAsync($$"""{"config_id": "c", "server_id": "s", "timeout": {{timeout}}}""");

        Deadline(created.Deployment).ShouldBe(
            TimeOf(created.Deployment, "creation_time").AddSeconds(int.Parse(timeout, CultureInfo.InvariantCulture)));
        created.Deployment.TryGetProperty("timeout", out _).ShouldBeFalse();
    }

    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("2592001")]
    [TestCase("3000000000")]
    [TestCase("1.5")]
    [TestCase("\"60\"")]
    [TestCase("true")]
    [TestCase("[]")]
    public async Task Create_and_update_with_an_invalid_timeout_return_400(string timeout)
    {
        var project = new Project();
        var body = $$"""{"config_id": "c", "server_id": "s", "timeout": {{timeout}}}""";

        (await project.CreateAsync(body)).ShouldBeError(HttpStatusCode.BadRequest, "timeout");
        (await project.CreateBatchAsync([AnHour, body])).ShouldBeError(HttpStatusCode.BadRequest, "software_deployments[1].timeout");
        (await project.CountStoredAsync()).ShouldBe(0);

        var created = await project.CreateAsync(AnHour);
        (await project.UpdateAsync(created.Id, $$"""{"timeout": {{timeout}}}""")).ShouldBeError(HttpStatusCode.BadRequest, "timeout");
        (await project.GetAsync(created.Id)).Text.ShouldBe(created.Text);
    }

    [Test]
    public async Task Timeout_of_a_deployment_that_is_not_in_progress_sets_no_deadline()
    {
        var project = new Project();

        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "s", "status": "COMPLETE", "timeout": 60}""");

        Deadline(created.Deployment).ShouldBeNull();
        (await project.UpdateAsync(created.Id, """{"timeout": 60}""")).Text.ShouldBe(created.Text);
        Deadline((await project.UpdateAsync(created.Id, """{"status": "IN_PROGRESS"}""")).Deployment).ShouldBeNull();
        Deadline((await project.UpdateAsync(created.Id, """{"timeout": 60}""")).Deployment).ShouldNotBeNull();
    }

    [Test]
    public async Task Update_to_another_status_removes_the_deadline_and_IN_PROGRESS_does_not_restore_it()
    {
        var project = new Project();
        var created = await project.CreateAsync(AnHour);

        Deadline((await project.UpdateAsync(created.Id, """{"status_reason": "still at it"}""")).Deployment)
            .ShouldBe(Deadline(created.Deployment));
        Deadline((await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""")).Deployment).ShouldBeNull();
        Deadline((await project.UpdateAsync(created.Id, """{"status": "IN_PROGRESS"}""")).Deployment).ShouldBeNull();
        Deadline((await project.GetAsync(created.Id)).Deployment).ShouldBeNull();
    }

    [TestCase("2592001")]
    [TestCase("3000000000")]
    [TestCase("-3000000000")]
    [TestCase("99999999999999999999999999999999")]
    public async Task Create_with_a_timeout_out_of_range_returns_400_with_the_range_and_every_other_error(string timeout)
    {
        var response = await new Project().CreateAsync($$"""{"server_id": "s", "timeout": {{timeout}}}""");

        response.ShouldBeError(HttpStatusCode.BadRequest, "config_id", "timeout")
            .Json.GetProperty("errors").GetProperty("timeout")[0].GetString().ShouldBe("timeout must be from 1 to 2592000.");
    }

    [TestCase("1.5")]
    [TestCase("1e3")]
    [TestCase("3e9")]
    [TestCase("\"60\"")]
    [TestCase("true")]
    public async Task Create_with_a_timeout_that_is_not_an_integer_returns_400_with_that_reason(string timeout)
    {
        var response = await new Project().CreateAsync($$"""{"config_id": "c", "server_id": "s", "timeout": {{timeout}}}""");

        response.ShouldBeError(HttpStatusCode.BadRequest, "timeout")
            .Json.GetProperty("errors").GetProperty("timeout")[0].GetString().ShouldBe("timeout must be an integer.");
    }

    [Test]
    public async Task Update_with_a_timeout_sets_the_deadline_from_the_time_of_the_update()
    {
        var project = new Project();
        var created = await project.CreateAsync(AnHour);

        var changed = await project.UpdateAsync(created.Id, """{"timeout": 60}""");

        Deadline(changed.Deployment).ShouldBe(TimeOf(changed.Deployment, "updated_time").AddSeconds(60));
        changed.EntityTag.ShouldNotBe(created.EntityTag);
        (await project.ListEventsAsync(created.Id)).Items.Count.ShouldBe(2);
        (await project.ListAsync()).Items.ShouldHaveSingleItem().GetRawText().ShouldBe(changed.Deployment.GetRawText());
    }

    [Test]
    public async Task Overdue_deployment_fails_once_with_two_instances()
    {
        await using var second = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project();
        var created = await project.CreateBatchAsync([ASecond, AnHour, ASecond, Project.Minimal]);

        var failed = await UntilFailedAsync(project, created.Ids[0]);

        failed.Deployment.GetProperty("status_reason").GetString().ShouldBe("Timed out after 1 s");
        Deadline(failed.Deployment).ShouldBeNull();
        failed.EntityTag.ShouldMatch("^\"2-[0-9a-f]+\"$");
        failed.Deployment.TryGetProperty("updated_time", out _).ShouldBeTrue();
        var events = (await project.ListEventsAsync(created.Ids[0])).Items;
        events.Count.ShouldBe(2);
        events[1].GetProperty("actor").GetString().ShouldBe("deadline");
        events[1].GetProperty("status").GetString().ShouldBe("FAILED");
        events[1].GetProperty("status_reason").GetString().ShouldBe("Timed out after 1 s");
        events[1].GetProperty("action").GetString().ShouldBe("CREATE");
        events[1].GetProperty("request_id").GetString()!.ShouldMatch(ApiResponse.RequestIdForm().ToString());

        await UntilFailedAsync(project, created.Ids[2]);
        foreach (var id in new[] { created.Ids[1], created.Ids[3] })
        {
            (await project.GetAsync(id)).Deployment.GetProperty("status").GetString().ShouldBe("IN_PROGRESS");
        }

        (await project.CountStoredEventsAsync()).ShouldBe(6);
        (await SecondsInProgressAsync(project)).ShouldAllBe(seconds => seconds >= 1);
    }

    [Test]
    [NonParallelizable] // the open transaction holds up the feed of every project
    public async Task Overdue_deployments_that_others_have_locked_delay_no_other()
    {
        const int locked = 260; // more than are examined at once
        var project = new Project();
        var created = await project.CreateBatchAsync(Enumerable.Repeat("""{"config_id": "c", "server_id": "s", "timeout": 5}""", locked + 1));
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var take = new NpgsqlCommand("SELECT FROM software_deployments WHERE project_id = $1 AND id <> $2 FOR UPDATE", connection);
        take.Parameters.AddWithValue(project.Id);
        take.Parameters.AddWithValue(Guid.Parse(created.Ids[^1]));
        await take.ExecuteNonQueryAsync();

        await UntilFailedAsync(project, created.Ids[^1]);

        var inProgress = (await project.ListAsync("?status=IN_PROGRESS")).Ids;
        inProgress.ShouldBe(created.Ids.SkipLast(1), ignoreOrder: true);
        await transaction.RollbackAsync();
        foreach (var id in inProgress)
        {
            await UntilFailedAsync(project, id);
        }
    }

    [Test]
    public async Task Overdue_deployment_that_an_earlier_version_completed_stays_COMPLETE()
    {
        var project = new Project();
        var completed = await project.CreateAsync(AnHour);
        await using var leave = TestRun.Database.CreateCommand(
            "UPDATE software_deployments SET status = 'COMPLETE', deadline = now() - interval '1 hour' WHERE project_id = $1");
        leave.Parameters.Add(new() { Value = project.Id });
        await leave.ExecuteNonQueryAsync();

        await UntilFailedAsync(project, (await project.CreateAsync(ASecond)).Id);

        (await project.GetAsync(completed.Id)).Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
    }

    [Test]
    public async Task Update_after_the_deadline_returns_200_and_sets_the_status()
    {
        var project = new Project();
        var created = await project.CreateAsync(ASecond);
        var failed = await UntilFailedAsync(project, created.Id);

        var late = await project.UpdateAsync(created.Id, """{"status": "COMPLETE", "status_reason": "at last"}""", ("If-Match", failed.EntityTag));

        late.Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        (await project.ListEventsAsync(created.Id)).Items.Count.ShouldBe(3);
    }

    [Test]
    public async Task Replayed_create_after_the_deadline_does_not_set_it_again()
    {
        var project = new Project();
        var created = await project.CreateAsync(ASecond, ("Idempotency-Key", "k"));
        var failed = await UntilFailedAsync(project, created.Id);

        (await project.CreateAsync(ASecond, ("Idempotency-Key", "k"))).Text.ShouldBe(failed.Text);
    }

    private static async Task<ApiResponse> UntilFailedAsync(Project project, string id)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var response = await project.GetAsync(id);
            if (response.Deployment.GetProperty("status").GetString() == "FAILED")
            {
                return response;
            }

            waited.Elapsed.ShouldBeLessThan(Service.Timeout, "the deployment did not fail");
        }
    }

    // From the database, which stores fractions of a second.
    private static async Task<IReadOnlyList<double>> SecondsInProgressAsync(Project project)
    {
        await using var select = TestRun.Database.CreateCommand(
            "SELECT extract(epoch FROM updated_time - creation_time)::float8 FROM software_deployments WHERE project_id = $1 AND status = 'FAILED'");
        select.Parameters.Add(new() { Value = project.Id });
        await using var rows = await select.ExecuteReaderAsync();
        var seconds = new List<double>();
        while (await rows.ReadAsync())
        {
            seconds.Add(rows.GetDouble(0));
        }

        return seconds;
    }

    private static DateTimeOffset? Deadline(JsonElement deployment) =>
        deployment.TryGetProperty("deadline", out _) ? TimeOf(deployment, "deadline") : null;

    private static DateTimeOffset TimeOf(JsonElement deployment, string field) =>
        DateTimeOffset.Parse(deployment.GetProperty(field).GetString()!, CultureInfo.InvariantCulture);
}
