using System.Diagnostics;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The database fails and comes back; the service answers in time, stores nothing twice, and needs no restart.</summary>
public sealed class OutageTests
{
    private const string Commit = "COMMIT\0"; // to its end, for a transaction begins with READ COMMITTED

    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(5);

    [Test]
    public async Task A_service_that_starts_before_its_database_says_so_and_serves_once_it_is_there()
    {
        await using var proxy = new Proxy(await TestRun.Server.CreateDatabaseAsync());
        await using var service = await Service.StartAsync(proxy.ConnectionString);
        var project = new Project(service);

        (await service.GetAsync("/healthz/live")).ShouldBeOk();
        (await service.GetAsync("/healthz/ready")).ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        await ShouldBeUnavailableInTimeAsync(() => project.CreateAsync(Project.Minimal));

        proxy.Open();
        await service.WaitUntilReadyAsync();
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    [Test]
    public async Task A_database_that_refuses_connections_is_told_in_time_and_missed_no_longer_than_it_is_away()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.Close();
        await Task.WhenAll(
            ShouldBeUnavailableInTimeAsync(() => project.CreateAsync(Project.Minimal)),
            ShouldBeUnavailableInTimeAsync(() => project.GetAsync(id)),
            ShouldBeUnavailableInTimeAsync(() => service.GetAsync("/healthz/ready")));
        (await service.GetAsync("/healthz/live")).ShouldBeOk();

        proxy.Open();
        await service.WaitUntilReadyAsync();
        (await project.GetAsync(id)).ShouldBeOk();
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    [Test]
    public async Task A_database_that_falls_silent_is_told_in_time_and_missed_no_longer_than_it_is_silent()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.SwallowEverything();
        await Task.WhenAll(
            ShouldBeUnavailableInTimeAsync(() => project.CreateAsync(Project.Minimal)),
            ShouldBeUnavailableInTimeAsync(() => project.CreateAsync(Project.Minimal)),
            ShouldBeUnavailableInTimeAsync(() => project.GetAsync(id)),
            ShouldBeUnavailableInTimeAsync(() => service.GetAsync("/healthz/ready")));
        (await service.GetAsync("/healthz/live")).ShouldBeOk();

        proxy.StopSwallowing();
        await service.WaitUntilReadyAsync();
        (await project.GetAsync(id)).ShouldBeOk();
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    [Test]
    public async Task Connections_that_break_while_nobody_uses_them_are_nobodys_error()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.BreakConnections();
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
        proxy.BreakConnections();
        (await project.GetAsync(id)).ShouldBeOk();
    }

    [Test]
    public async Task A_deployment_whose_confirmation_by_the_database_is_lost_is_stored_once()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();

        proxy.LoseNextResponse();
        var answer = await project.CreateAsync(Project.Minimal);

        proxy.LostResponses.ShouldBe(1);
        (await project.GetAsync(answer.ShouldBeOk().Id)).ShouldBeOk();
        (await project.CountStoredAsync()).ShouldBe(2);
    }

    [Test]
    public async Task A_batch_whose_confirmation_by_the_database_is_lost_is_stored_once()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);

        proxy.LoseResponseTo("INSERT INTO software_deployments");
        var answer = await project.CreateBatchAsync([Project.Minimal, Project.Minimal]);

        proxy.LostResponses.ShouldBe(1);
        (await project.ListAsync()).Ids.ShouldBe(answer.Ids);
        (await project.CountStoredEventsAsync()).ShouldBe(2);
    }

    [Test]
    public async Task A_change_whose_confirmation_by_the_database_is_lost_is_made_once([Values] bool onCondition)
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var created = await project.CreateAsync(Project.Minimal);

        proxy.LoseResponseTo("UPDATE software_deployments");
        var answer = await project.UpdateAsync(
            created.Id, """{"status": "COMPLETE"}""", onCondition ? [("If-Match", created.EntityTag)] : []);

        proxy.LostResponses.ShouldBe(1);
        answer.Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        var shown = await project.GetAsync(created.Id);
        shown.Text.ShouldBe(answer.Text);
        shown.EntityTag.ShouldBe(answer.EntityTag);
        (await project.ListEventsAsync(created.Id)).Items.Select(entry => entry.GetProperty("request_id").GetString())
            .ShouldBe([created.RequestId, answer.RequestId]);
    }

    [Test]
    public async Task A_deletion_whose_confirmation_by_the_database_is_lost_is_confirmed_all_the_same([Values] bool onCondition)
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var created = await project.CreateAsync(Project.Minimal);

        proxy.LoseResponseTo(Commit);
        var answer = await project.DeleteAsync(created.Id, onCondition ? [("If-Match", created.EntityTag)] : []);

        proxy.LostResponses.ShouldBe(1);
        answer.ShouldBeGone();
        (await project.CountStoredAsync()).ShouldBe(0);
        (await project.CountStoredEventsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task A_deletion_that_the_database_did_not_commit_is_made_again()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.LoseResponseTo("DELETE FROM deployment_events");
        var answer = await project.DeleteAsync(id);

        proxy.LostResponses.ShouldBe(1);
        answer.ShouldBeGone();
        (await project.CountStoredAsync()).ShouldBe(0);
        (await project.CountStoredEventsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Configs_whose_confirmation_by_the_database_is_lost_are_stored_and_deleted_once()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);

        proxy.LoseResponseTo("INSERT INTO software_configs");
        var created = await project.CreateConfigAsync("{}");
        proxy.LostResponses.ShouldBe(1);
        (await project.ListConfigsAsync()).Ids.ShouldBe([created.Id]);

        proxy.LoseResponseTo(Commit);
        (await project.DeleteConfigAsync(created.Id)).ShouldBeGone();
        proxy.LostResponses.ShouldBe(2);
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Every_operation_tells_in_time_that_the_database_is_away()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = Guid.CreateVersion7().ToString();

        proxy.Close();
        await Task.WhenAll(
            ShouldBeUnavailableInTimeAsync(() => project.CreateBatchAsync([Project.Minimal, Project.Minimal])),
            ShouldBeUnavailableInTimeAsync(() => project.ListAsync("?limit=1")),
            ShouldBeUnavailableInTimeAsync(() => project.UpdateAsync(id, "{}")),
            ShouldBeUnavailableInTimeAsync(() => project.DeleteAsync(id)),
            ShouldBeUnavailableInTimeAsync(() => project.ListEventsAsync(id)),
            ShouldBeUnavailableInTimeAsync(() => project.GetMetadataAsync("s")),
            ShouldBeUnavailableInTimeAsync(() => project.CreateConfigAsync("{}")),
            ShouldBeUnavailableInTimeAsync(() => project.ListConfigsAsync("?limit=1")),
            ShouldBeUnavailableInTimeAsync(() => project.GetConfigAsync(id)),
            ShouldBeUnavailableInTimeAsync(() => project.DeleteConfigAsync(id)));
    }

    private static Proxy OpenProxy()
    {
        var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        return proxy;
    }

    private static async Task ShouldBeUnavailableInTimeAsync(Func<Task<ApiResponse>> send)
    {
        var watch = Stopwatch.StartNew();
        var answer = await send();

        watch.Elapsed.ShouldBeLessThan(Promise);
        answer.ShouldBeError(HttpStatusCode.ServiceUnavailable);
        int.Parse(answer.Headers["Retry-After"], null).ShouldBePositive();
    }
}
