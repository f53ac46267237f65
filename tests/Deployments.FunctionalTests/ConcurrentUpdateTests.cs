using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Changes of one deployment that come at once.</summary>
public sealed class ConcurrentUpdateTests
{
    private const int Updates = 800;

    [Test]
    public async Task Parallel_PUTs_of_one_deployment_are_one_event_each_and_nothing_is_written_after_the_last_response()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var responses = await Task.WhenAll(Enumerable.Range(0, Updates)
            .Select(number => project.UpdateAsync(id, $$"""{"status_reason": "update {{number}}"}""")));
        var events = await CountEventsAsync(id);
        await project.UpdateAsync(id, """{"status_reason": "the last"}"""); // queues behind whatever would still be written
        var afterwards = await CountEventsAsync(id);

        var served = responses.Count(response => response.Status == HttpStatusCode.OK);
        TestContext.Out.WriteLine($"{served} of {Updates} returned 200, {responses.Count(response => response.Status == HttpStatusCode.ServiceUnavailable)} returned 503");
        responses.ShouldAllBe(response => response.Status == HttpStatusCode.OK || response.Status == HttpStatusCode.ServiceUnavailable);
        events.ShouldBe(1 + served);
        afterwards.ShouldBe(events + 1);
    }

    [Test]
    public async Task Parallel_PUTs_of_one_deployment_leave_connections_to_other_requests()
    {
        // Two connections: one for the updates, one for what is read meanwhile, beside those of the writer and of the health check.
        await using var service = await Service.StartReadyAsync(
            $"{TestRun.ConnectionString};Maximum Pool Size=3;Timeout=1");
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var updates = Task.WhenAll(Enumerable.Range(0, 100)
            .Select(number => project.UpdateAsync(id, $$"""{"status_reason": "update {{number}}"}""")));
        var reads = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => project.GetAsync(id)));

        reads.ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        (await updates).ShouldAllBe(response => response.Status == HttpStatusCode.OK);
    }

    [Test]
    public async Task PUT_whose_row_is_locked_longer_than_a_request_may_take_returns_503_and_is_never_written()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM software_deployments WHERE id = $1 FOR UPDATE";
        command.Parameters.AddWithValue(Guid.Parse(id));
        await command.ExecuteNonQueryAsync();

        using (service.ShortenBudgets())
        {
            (await project.UpdateAsync(id, """{"status": "COMPLETE"}""")).ShouldBeError(HttpStatusCode.ServiceUnavailable);
            (await project.DeleteAsync(id)).ShouldBeError(HttpStatusCode.ServiceUnavailable);
        }

        await transaction.RollbackAsync();

        (await project.UpdateAsync(id, """{"status": "FAILED"}""")).ShouldBeOk();
        (await CountEventsAsync(id)).ShouldBe(2);
    }

    private static async Task<long> CountEventsAsync(string id)
    {
        await using var count = TestRun.Database.CreateCommand("SELECT count(*) FROM deployment_events WHERE deployment_id = $1");
        count.Parameters.AddWithValue(Guid.Parse(id));
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
