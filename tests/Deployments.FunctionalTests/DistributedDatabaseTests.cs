using System.Net;
using Deployments.FunctionalTests.Support;
using Deployments.Infrastructure.Postgres;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What the service does otherwise where the database says that its tables are spread over several servers.</summary>
public sealed class DistributedDatabaseTests
{
    [Test]
    public async Task Change_feed_is_unavailable_and_says_why()
    {
        await using var service = await Service.StartReadyAsync(await CreateDatabaseAsync(isDistributed: true));
        var project = new Project(service);
        var created = await project.CreateAsync(Project.Minimal);

        var feed = await project.ReadFeedAsync();

        feed.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        feed.Text.ShouldContain("it is ordered by the transaction ids of one server");
        var waiting = project.SendAsync(HttpMethod.Get, $"{project.Path}/{created.Id}?wait=50");
        while (service.Waiting == 0)
        {
            await Task.Delay(10);
        }

        await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""");
        (await waiting).Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
    }

    [Test]
    public async Task Group_statements_keep_one_plan_unless_the_database_is_distributed([Values] bool isDistributed)
    {
        await using var database = NpgsqlDataSource.Create(await CreateDatabaseAsync(isDistributed));
        await using var usual = database.CreateCommand("SELECT current_setting('plan_cache_mode')");
        var mode = isDistributed ? (string)(await usual.ExecuteScalarAsync())! : "force_generic_plan";
        await using var connection = await new GroupConnections(database, new Pooler(SharesSessions: false)).OpenAsync(CancellationToken.None);
        await using var ask = new NpgsqlCommand(
            "SELECT current_setting('plan_cache_mode'), current_setting('default_transaction_isolation')", connection.Connection);
        await using var row = await ask.ExecuteReaderAsync();
        await row.ReadAsync();

        row.GetString(0).ShouldBe(mode);
        row.GetString(1).ShouldBe("read committed");
    }

    /// <remarks>Citus itself is not there: what it does is not tested, only what the service does where it sees it.</remarks>
    private static async Task<string> CreateDatabaseAsync(bool isDistributed)
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        if (isDistributed)
        {
            await using var database = NpgsqlDataSource.Create(connectionString);
            await using var isSuperuser = database.CreateCommand("SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
            Assume.That((bool)(await isSuperuser.ExecuteScalarAsync())!, "Only a superuser can register the extension.");
            await using var register = database.CreateCommand(
                """
                SET allow_system_table_mods = on;
                INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
                SELECT 99999, 'citus', nspowner, oid, false, '13.2' FROM pg_namespace WHERE nspname = 'public'
                """);
            await register.ExecuteNonQueryAsync();
        }

        return connectionString;
    }
}
