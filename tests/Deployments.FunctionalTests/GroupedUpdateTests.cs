using System.Net;
using System.Reflection;
using Deployments.Domain.SoftwareDeployments;
using Deployments.FunctionalTests.Support;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Deployments.Infrastructure.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Changes of several deployments that come at once, and so are stored together.</summary>
public sealed class GroupedUpdateTests
{
    [Test]
    public async Task Concurrent_updates_of_one_and_of_many_deployments_by_several_projects_are_all_stored_in_consecutive_versions()
    {
        const int rounds = 20;
        var owner = new Project();
        var second = new Project();
        var third = new Project();
        var shared = (await owner.CreateSharedAsync(second)).Id;
        var many = (await third.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 10))).Ids;
        (Project By, string Id)[] targets = [(owner, shared), (second, shared), .. many.Select(id => (third, id))];

        var updates = await Task.WhenAll(Enumerable.Range(0, rounds).SelectMany(round => targets.Select(async target =>
        {
            var reason = $"{round} by {target.By.Id}";
            return (target.Id, Reason: reason, Response: await target.By.UpdateAsync(target.Id, $$"""{"status_reason": "{{reason}}"}"""));
        })));

        updates.ShouldAllBe(update => update.Response.Status == HttpStatusCode.OK);
        updates.ShouldAllBe(update => update.Response.Deployment.GetProperty("status_reason").GetString() == update.Reason);
        foreach (var ofOne in updates.GroupBy(update => update.Id))
        {
            var project = ofOne.Key == shared ? owner : third;
            var versions = ofOne.OrderBy(update => VersionOf(update.Response)).ToList();
            versions.Select(update => VersionOf(update.Response)).ShouldBe(Enumerable.Range(2, ofOne.Count()));
            (await project.ListEventsAsync(ofOne.Key)).Items.Skip(1).Select(entry => entry.GetProperty("request_id").GetString())
                .ShouldBe(versions.Select(update => update.Response.RequestId));
            (await project.GetAsync(ofOne.Key)).Text.ShouldBe(versions[^1].Response.Text);
        }
    }

    [Test]
    public async Task Concurrent_updates_of_which_some_are_refused_store_the_others()
    {
        var project = new Project();
        var created = await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 20));
        var unknown = Guid.CreateVersion7().ToString();

        var refused = Task.WhenAll(created.Ids.Select(id => project.UpdateAsync(id, """{"status": "FAILED"}""", ("If-Match", "\"77\""))));
        var missing = project.UpdateAsync(unknown, """{"status": "FAILED"}""");
        var unchanged = Task.WhenAll(created.Ids.Select(id => project.UpdateAsync(id, "{}")));
        var stored = await Task.WhenAll(created.Ids.Select(id => project.UpdateAsync(id, """{"status": "COMPLETE"}""")));

        (await refused).ShouldAllBe(response => response.Status == HttpStatusCode.PreconditionFailed);
        (await missing).ShouldBeError(HttpStatusCode.NotFound);
        (await unchanged).ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        stored.ShouldAllBe(response => response.Status == HttpStatusCode.OK && VersionOf(response) == 2);
        (await project.CountStoredEventsAsync()).ShouldBe(2 * created.Ids.Count);
    }

    [Test]
    public async Task Concurrent_updates_of_which_the_database_rejects_one_store_the_others()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var service = await Service.StartReadyAsync(connectionString);
        await using var database = NpgsqlDataSource.Create(connectionString);
        var project = new Project(service);
        var created = await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 30));
        await using var constrain = database.CreateCommand(
            "ALTER TABLE software_deployments ADD CONSTRAINT ck_of_the_test CHECK (status_reason <> 'rejected')");
        await constrain.ExecuteNonQueryAsync();

        var responses = await Task.WhenAll(created.Ids.Select((id, index) =>
            project.UpdateAsync(id, $$"""{"status_reason": "{{(index == 17 ? "rejected" : "accepted")}}"}""")));

        responses[17].ShouldBeError(HttpStatusCode.InternalServerError);
        responses.Where((_, index) => index != 17).ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        await using var count = database.CreateCommand(
            "SELECT count(*) FILTER (WHERE version = 2 AND status_reason = 'accepted'), count(*) FILTER (WHERE version = 1) FROM software_deployments");
        await using var counts = await count.ExecuteReaderAsync();
        await counts.ReadAsync();
        (counts.GetInt64(0), counts.GetInt64(1)).ShouldBe((29, 1));
    }

    [Test]
    public async Task Update_whose_row_is_locked_waits_and_delays_no_other_update()
    {
        var project = new Project();
        var created = await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 20));
        var (locked, others) = (created.Ids[0], created.Ids.Skip(1).ToList());
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var take = new NpgsqlCommand("SELECT FROM software_deployments WHERE id = $1 FOR UPDATE", connection);
        take.Parameters.AddWithValue(Guid.Parse(locked));
        await take.ExecuteNonQueryAsync();

        var waiting = Enumerable.Range(0, 3).Select(number => project.UpdateAsync(locked, $$"""{"status_reason": "{{number}}"}""")).ToList();
        var stored = await Task.WhenAll(others.Select(id => project.UpdateAsync(id, """{"status": "COMPLETE"}""")));

        stored.ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        waiting.ShouldAllBe(update => !update.IsCompleted);
        await transaction.RollbackAsync();
        (await Task.WhenAll(waiting)).Select(VersionOf).Order().ShouldBe([2, 3, 4]);
    }

    [Test]
    public async Task Concurrent_updates_of_large_deployments_are_all_stored()
    {
        const int deployments = 20;
        var project = new Project();
        var large = $$"""{"config_id": "c", "server_id": "s", "input_values": {"a": "{{new string('x', 900_000)}}"} }""";
        var created = await Task.WhenAll(Enumerable.Range(0, deployments).Select(_ => project.CreateAsync(large)));

        var responses = await Task.WhenAll(created.Select(response => project.UpdateAsync(response.Id, """{"status": "COMPLETE"}""")));

        responses.ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        responses.Select(response => response.Deployment.GetProperty("input_values").GetProperty("a").GetString()!.Length)
            .ShouldAllBe(length => length == 900_000);
    }

    /// <summary>The columns are listed by hand where rows are locked: none may be forgotten.</summary>
    [Test]
    public async Task Locked_deployment_has_every_column_that_Entity_Framework_reads([Values] bool isFilled)
    {
        var project = new Project();
        var id = Guid.Parse((await project.CreateAsync(Project.Minimal)).Id);
        if (isFilled)
        {
            await FillAsync(id);
        }

        await using var context = new DeploymentsDbContext(new DbContextOptionsBuilder<DeploymentsDbContext>().UseDeployments(TestRun.Database).Options);
        var read = await context.SoftwareDeployments.AsNoTracking().SingleAsync(deployment => deployment.Id == id);
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        await using var lockRows = new LockDeploymentsCommand();
        await lockRows.UseAsync(new GroupConnection(connection, keepsSession: true), CancellationToken.None);
        lockRows.Add(project.Id, id);
        var locked = (await lockRows.ExecuteAsync(CancellationToken.None)).Values.Single()!.Current;

        foreach (var property in typeof(SoftwareDeployment).GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            var value = System.Text.Json.JsonSerializer.Serialize(property.GetValue(locked));
            value.ShouldBe(System.Text.Json.JsonSerializer.Serialize(property.GetValue(read)), property.Name);
            (value == "null" && isFilled).ShouldBeFalse($"{property.Name} is not filled, and so not compared");
        }
    }

    private static async Task FillAsync(Guid id)
    {
        await using var fill = TestRun.Database.CreateCommand(
            """
            UPDATE software_deployments SET
                action = 'a', input_values = '{"b": 1}', output_values = '{"c": 2}', status_reason = 'd', stack_user_project_id = 'e',
                updated_time = now(), timeout = 5, deadline = now() + interval '1 hour', run_id = gen_random_uuid(), run_deadline = now(),
                idempotency_key = 'f', idempotency_index = 6, request_hash = '\x07', version = 8
            WHERE id = $1
            """);
        fill.Parameters.AddWithValue(id);
        (await fill.ExecuteNonQueryAsync()).ShouldBe(1);
    }

    private static int VersionOf(ApiResponse response) => int.Parse(response.EntityTag.Trim('"').Split('-')[0], null);
}
