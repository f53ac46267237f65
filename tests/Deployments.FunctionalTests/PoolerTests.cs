using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The service behind PgBouncer.</summary>
public sealed class PoolerTests
{
    [Test]
    public async Task Service_behind_a_pooler_in_session_mode_is_ready_and_serves_the_life_of_a_deployment()
    {
        await using var pooler = await PgBouncer.StartAsync(await TestRun.Server.CreateDatabaseAsync(), "session");
        await using var service = await Service.StartReadyAsync(pooler.ConnectionString);
        var project = new Project(service);

        var created = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => project.CreateAsync(Project.Minimal)));
        var shown = await Task.WhenAll(created.Select(response => project.GetAsync(response.Id)));
        var updated = await Task.WhenAll(created.Select(response => project.UpdateAsync(response.Id, """{"status": "COMPLETE"}""")));
        var deleted = await Task.WhenAll(created.Select(response => project.DeleteAsync(response.Id)));

        created.Concat(shown).Concat(updated).ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        deleted.ShouldAllBe(response => response.Status == HttpStatusCode.NoContent);
        (await project.ListAsync()).Ids.ShouldBeEmpty();
    }

    [Test]
    public async Task Service_behind_a_pooler_in_transaction_mode_is_never_ready_and_the_reason_names_the_mode()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using (var migrating = await Service.StartReadyAsync(connectionString))
        {
            // Makes the schema.
        }

        await using var pooler = await PgBouncer.StartAsync(connectionString, "transaction");
        await using var service = await Service.StartAsync(pooler.ConnectionString);

        for (var probe = 0; probe < 3; probe++)
        {
            (await service.GetAsync("/healthz/ready")).ShouldBeError(HttpStatusCode.ServiceUnavailable).Text.ShouldContain("transaction mode");
        }
    }
}
