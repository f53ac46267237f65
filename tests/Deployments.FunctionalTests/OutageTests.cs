using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>While the database fails the service responds; afterwards it has stored nothing twice and needs no restart.</summary>
public sealed class OutageTests
{
    private const string Commit = "COMMIT\0"; // with its terminator, because transactions begin with READ COMMITTED

    [Test]
    public async Task Service_started_before_its_database_returns_503_until_the_database_is_reachable()
    {
        await using var proxy = new Proxy(await TestRun.Server.CreateDatabaseAsync());
        await using var service = await Service.StartAsync(proxy.ConnectionString);
        var project = new Project(service);

        (await service.GetAsync("/healthz/live")).ShouldBeOk();
        (await service.GetAsync("/healthz/ready")).ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        using (service.ShortenBudgets())
        {
            await ShouldBeUnavailableAsync(project.CreateAsync(Project.Minimal));
        }

        proxy.Open();
        await service.WaitUntilReadyAsync();
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    [Test]
    public async Task Requests_return_503_while_the_database_refuses_connections_and_succeed_afterwards()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.Close();
        using (service.ShortenBudgets())
        {
            await Task.WhenAll(
                ShouldBeUnavailableAsync(project.CreateAsync(Project.Minimal)),
                ShouldBeUnavailableAsync(project.GetAsync(id)),
                ShouldBeUnavailableAsync(service.GetAsync("/healthz/ready")));
        }

        (await service.GetAsync("/healthz/live")).ShouldBeOk();

        proxy.Open();
        await service.WaitUntilReadyAsync();
        (await project.GetAsync(id)).ShouldBeOk();
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    [Test]
    public async Task Requests_return_503_while_the_database_does_not_respond_and_succeed_afterwards()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.SwallowEverything();
        using (service.ShortenBudgets())
        {
            await Task.WhenAll(
                ShouldBeUnavailableAsync(project.CreateAsync(Project.Minimal)),
                ShouldBeUnavailableAsync(project.CreateAsync(Project.Minimal)),
                ShouldBeUnavailableAsync(project.GetAsync(id)),
                ShouldBeUnavailableAsync(service.GetAsync("/healthz/ready")));
        }

        (await service.GetAsync("/healthz/live")).ShouldBeOk();

        proxy.StopSwallowing();
        await service.WaitUntilReadyAsync();
        (await project.GetAsync(id)).ShouldBeOk();
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    [Test]
    public async Task Requests_succeed_after_idle_database_connections_were_broken()
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
    public async Task Create_deployment_whose_database_response_is_lost_is_stored_once()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();

        proxy.LoseNextResponse();
        var response = await project.CreateAsync(Project.Minimal);

        proxy.LostResponses.ShouldBe(1);
        (await project.GetAsync(response.ShouldBeOk().Id)).ShouldBeOk();
        (await project.CountStoredAsync()).ShouldBe(2);
    }

    [Test]
    public async Task Create_batch_whose_database_response_is_lost_is_stored_once()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);

        proxy.LoseResponseTo("INSERT INTO software_deployments");
        var response = await project.CreateBatchAsync([Project.Minimal, Project.Minimal]);

        proxy.LostResponses.ShouldBe(1);
        (await project.ListAsync()).Ids.ShouldBe(response.Ids);
        (await project.CountStoredEventsAsync()).ShouldBe(2);
    }

    [Test]
    public async Task Update_whose_database_response_is_lost_is_applied_once([Values] bool onCondition, [Values] bool isCommit)
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var created = await project.CreateAsync(Project.Minimal);

        proxy.LoseResponseTo(isCommit ? Commit : "sent with the update");
        var response = await project.UpdateAsync(
            created.Id, """{"status": "COMPLETE", "status_reason": "sent with the update"}""", onCondition ? [("If-Match", created.EntityTag)] : []);

        proxy.LostResponses.ShouldBe(1);
        response.Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        var shown = await project.GetAsync(created.Id);
        shown.Text.ShouldBe(response.Text);
        shown.EntityTag.ShouldBe(response.EntityTag);
        (await project.ListEventsAsync(created.Id)).Items.Select(entry => entry.GetProperty("request_id").GetString())
            .ShouldBe([created.RequestId, response.RequestId]);
    }

    [Test]
    public async Task Delete_whose_database_response_is_lost_returns_204([Values] bool onCondition)
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var created = await project.CreateAsync(Project.Minimal);

        proxy.LoseResponseTo(Commit);
        var response = await project.DeleteAsync(created.Id, onCondition ? [("If-Match", created.EntityTag)] : []);

        proxy.LostResponses.ShouldBe(1);
        response.ShouldBeGone();
        (await project.CountStoredAsync()).ShouldBe(0);
        (await project.CountStoredEventsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Delete_that_the_database_did_not_commit_is_retried_and_returns_204()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.LoseResponseTo("DELETE FROM software_deployments");
        var response = await project.DeleteAsync(id);

        proxy.LostResponses.ShouldBe(1);
        response.ShouldBeGone();
        (await project.CountStoredAsync()).ShouldBe(0);
        (await project.CountStoredEventsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Create_and_delete_config_whose_database_response_is_lost_are_applied_once()
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
    public async Task Every_operation_returns_503_while_the_database_is_unreachable()
    {
        await using var proxy = OpenProxy();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var id = Guid.CreateVersion7().ToString();

        proxy.Close();
        using (service.ShortenBudgets())
        {
            await Task.WhenAll(
                ShouldBeUnavailableAsync(project.CreateBatchAsync([Project.Minimal, Project.Minimal])),
                ShouldBeUnavailableAsync(project.ListAsync("?limit=1")),
                ShouldBeUnavailableAsync(project.UpdateAsync(id, "{}")),
                ShouldBeUnavailableAsync(project.DeleteAsync(id)),
                ShouldBeUnavailableAsync(project.ListEventsAsync(id)),
                ShouldBeUnavailableAsync(project.GetMetadataAsync("s")),
                ShouldBeUnavailableAsync(project.CreateConfigAsync("{}")),
                ShouldBeUnavailableAsync(project.ListConfigsAsync("?limit=1")),
                ShouldBeUnavailableAsync(project.GetConfigAsync(id)),
                ShouldBeUnavailableAsync(project.DeleteConfigAsync(id)));
        }
    }

    private static Proxy OpenProxy()
    {
        var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        return proxy;
    }

    private static async Task ShouldBeUnavailableAsync(Task<ApiResponse> sending)
    {
        var response = await sending;

        response.ShouldBeError(HttpStatusCode.ServiceUnavailable);
        int.Parse(response.Headers["Retry-After"], null).ShouldBePositive();
    }
}
