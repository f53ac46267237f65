using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What is stored of the run of a deployment, which its agent applies once.</summary>
public sealed class RunTests
{
    private const string AnHour = """{"config_id": "c", "server_id": "s", "timeout": 3600}""";

    [Test]
    public async Task First_run_stores_nothing_but_its_deadline_when_it_ends()
    {
        var project = new Project();
        var id = (await project.CreateAsync(AnHour)).ShouldBeOk().Id;
        var created = await ReadAsync(project, id);
        (created.RunId, created.RunDeadline).ShouldBe((null, null));

        (await project.UpdateAsync(id, """{"status": "COMPLETE", "output_values": {"a": 1}}""")).ShouldBeOk();

        (await ReadAsync(project, id)).ShouldBe((null, created.Deadline, null));
    }

    [Test]
    public async Task Expired_run_keeps_its_deadline()
    {
        var project = new Project();
        var id = (await project.CreateAsync("""{"config_id": "c", "server_id": "s", "timeout": 1}""")).ShouldBeOk().Id;
        var created = await ReadAsync(project, id);

        (await project.GetAsync($"{id}?wait=50")).ShouldBeOk().Deployment.GetProperty("status").GetString().ShouldBe("FAILED");

        (await ReadAsync(project, id)).ShouldBe((null, created.Deadline, null));
    }

    [Test]
    public async Task Later_run_has_an_id_of_its_own_and_no_deadline_of_the_one_before()
    {
        var project = new Project();
        var id = (await project.CreateAsync(AnHour)).ShouldBeOk().Id;
        (await project.UpdateAsync(id, """{"status": "FAILED"}""")).ShouldBeOk();

        (await project.UpdateAsync(id, """{"status": "IN_PROGRESS"}""")).ShouldBeOk();
        var second = await ReadAsync(project, id);
        (await project.UpdateAsync(id, """{"action": "UPDATE"}""")).ShouldBeOk();
        var third = await ReadAsync(project, id);
        (await project.UpdateAsync(id, """{"status": "COMPLETE"}""")).ShouldBeOk();

        (second.RunId.ShouldNotBeNull().Version, third.RunId.ShouldNotBeNull().Version).ShouldBe((7, 7));
        third.RunId.ShouldNotBe(second.RunId);
        (second.RunDeadline, third.RunDeadline).ShouldBe((null, null));
        (await ReadAsync(project, id)).ShouldBe(third);
    }

    private static async Task<(Guid? RunId, DateTimeOffset? RunDeadline, DateTimeOffset? Deadline)> ReadAsync(Project project, string id)
    {
        await using var select = TestRun.Database.CreateCommand(
            "SELECT run_id, run_deadline, deadline FROM software_deployments WHERE project_id = $1 AND id = $2");
        select.Parameters.AddWithValue(project.Id);
        select.Parameters.AddWithValue(Guid.Parse(id));
        await using var rows = await select.ExecuteReaderAsync();
        (await rows.ReadAsync()).ShouldBeTrue();
        return (
            await rows.GetFieldValueAsync<Guid?>(0),
            await rows.GetFieldValueAsync<DateTimeOffset?>(1),
            await rows.GetFieldValueAsync<DateTimeOffset?>(2));
    }
}
