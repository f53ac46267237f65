using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The service behind PgBouncer.</summary>
public sealed class PoolerTests
{
    private const int Clients = 8;
    private const int SmallPool = 4;
    private const string Listeners = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'";

    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>A held request that ends sooner was ended by a change: it is held for up to 50 s.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [TestCase("session", false)]
    [TestCase("transaction", false)]
    [TestCase("transaction", true)]
    public async Task Two_instances_that_start_at_once_behind_a_pooler_serve_the_whole_life_of_deployments(string mode, bool hasListen)
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var pooler = mode == "session"
            ? await PgBouncer.StartAsync(connectionString, mode)
            : await PgBouncer.StartAsync(connectionString, mode, SmallPool);
        var settings = mode == "session" ? null : Settings(hasListen ? connectionString : null);
        var starting = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Service.StartReadyAsync(pooler.ConnectionString, settings)));
        await using var here = (await starting)[0];
        await using var there = (await starting)[1];

        var created = await Task.WhenAll(Enumerable.Range(0, Clients).Select(number =>
            number % 2 == 0 ? LiveAsync(here, there) : LiveAsync(there, here)));

        await using var database = NpgsqlDataSource.Create(connectionString);
        (await ListAsync(database, "SELECT id FROM software_deployments")).ShouldBeEmpty();
        (await ListAsync(database, "SELECT deployment_id FROM deployment_events WHERE deleted"))
            .ShouldBe(created.SelectMany(ids => ids), ignoreOrder: true);
        (await ListAsync(
            database,
            """
            SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
            WHERE locktype = 'advisory' AND datname = current_database()
            """)).ShouldBeEmpty();
        if (mode == "transaction")
        {
            await ShouldHaveLeftNothingInSessionsAsync(pooler.ConnectionString);
        }
    }

    [Test]
    public async Task Held_request_ends_when_another_instance_makes_the_change([Values] bool hasListen)
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var pooler = await PgBouncer.StartAsync(connectionString, "transaction", SmallPool);
        var settings = Settings(hasListen ? connectionString : null);
        await using var here = await Service.StartReadyAsync(pooler.ConnectionString, settings);
        await using var there = await Service.StartReadyAsync(pooler.ConnectionString, settings);
        var project = new Project(here);
        var waiting = new Project(there, project.Id);
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        var cursor = NextOf(await waiting.ReadFeedAsync("?after=now"));
        if (hasListen)
        {
            await WaitForListenersAsync(connectionString, 2);
        }

        var held = waiting.GetAsync($"{id}?wait=50");
        var heldFeed = waiting.ReadFeedAsync($"?after={cursor}&deployment_id={id}&status=COMPLETE&wait=50");
        while (there.Waiting < 2)
        {
            await Task.Delay(PollingInterval);
        }

        var elapsed = Stopwatch.StartNew();
        (await project.UpdateAsync(id, """{"status": "COMPLETE"}""")).ShouldBeOk();

        (await held).Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        (await heldFeed).Items.ShouldHaveSingleItem();
        elapsed.Elapsed.ShouldBeLessThan(Soon);
        TestContext.Out.WriteLine($"Ended after {elapsed.ElapsedMilliseconds} ms.");
        await using var database = NpgsqlDataSource.Create(connectionString);
        (await ListAsync(database, Listeners)).Count.ShouldBe(hasListen ? 2 : 0);
    }

    [Test]
    public async Task Deployments_are_stored_read_committed_where_the_default_of_the_database_is_another()
    {
        var connectionString = await CreateMigratedDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using (var refuse = database.CreateCommand(
            $"""
            ALTER DATABASE {new NpgsqlConnectionStringBuilder(connectionString).Database} SET default_transaction_isolation = 'serializable';
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('transaction_isolation') <> 'read committed' THEN
                    RAISE EXCEPTION 'The isolation is %.', current_setting('transaction_isolation');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON software_deployments FOR EACH ROW EXECUTE FUNCTION refuse()
            """))
        {
            await refuse.ExecuteNonQueryAsync();
        }

        await using var pooler = await PgBouncer.StartAsync(connectionString, "transaction", SmallPool);
        await using var service = await Service.StartReadyAsync(pooler.ConnectionString, Settings());
        var project = new Project(service);

        var created = (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
        (await project.CreateBatchAsync([Project.Minimal])).ShouldBeOk();
        (await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""")).ShouldBeOk();
        (await project.GetAsync(created.Id)).ShouldBeOk();
    }

    [Test]
    public async Task Deployment_is_shared_after_the_server_behind_the_pooler_has_lost_its_pair_of_projects()
    {
        var connectionString = await CreateMigratedDatabaseAsync();
        await using var pooler = await PgBouncer.StartAsync(connectionString, "transaction", SmallPool);
        await using var service = await Service.StartReadyAsync(pooler.ConnectionString, Settings());
        var (owner, second) = (new Project(service), new Project(service));
        (await owner.CreateSharedAsync(second)).ShouldBeOk();
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var lose = database.CreateCommand("DELETE FROM project_shares");
        await lose.ExecuteNonQueryAsync();

        var id = (await owner.CreateSharedAsync(second)).Id;

        (await second.GetAsync(id)).ShouldBeOk();
    }

    [Test]
    public async Task Cursor_of_before_the_server_behind_the_pooler_was_replaced_returns_410_without_a_restart()
    {
        var connectionString = await CreateMigratedDatabaseAsync();
        await using var pooler = await PgBouncer.StartAsync(connectionString, "transaction", SmallPool);
        await using var service = await Service.StartReadyAsync(pooler.ConnectionString, Settings());
        var project = new Project(service);
        await project.CreateAsync(Project.Minimal);
        var cursor = NextOf(await project.ReadFeedAsync("?wait=50"));
        (await project.ReadFeedAsync($"?after={cursor}")).ShouldBeOk();

        // A database of another cluster, as a dump leaves it there.
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var restore = database.CreateCommand("UPDATE change_feed_epoch SET cluster = 'another'");
        await restore.ExecuteNonQueryAsync();

        var waited = Stopwatch.StartNew();
        ApiResponse page;
        while ((page = await project.ReadFeedAsync($"?after={cursor}")).Status == HttpStatusCode.OK && waited.Elapsed < Service.Timeout)
        {
            await Task.Delay(PollingInterval);
        }

        page.ShouldBeError(HttpStatusCode.Gone);
    }

    [Test]
    public async Task Service_that_does_not_know_of_a_pooler_in_transaction_mode_is_never_ready_and_the_reason_names_the_setting()
    {
        await using var pooler = await PgBouncer.StartAsync(await CreateMigratedDatabaseAsync(), "transaction");
        await using var service = await Service.StartAsync(pooler.ConnectionString);

        for (var probe = 0; probe < 3; probe++)
        {
            (await service.GetAsync("/healthz/ready")).ShouldBeError(HttpStatusCode.ServiceUnavailable).Text
                .ShouldContain("transaction mode: set Deployments:Pooler to Transaction");
        }
    }

    private static Dictionary<string, string> Settings(string? listen = null)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:Pooler"] = "Transaction" };
        if (listen is not null)
        {
            settings["ConnectionStrings:Listen"] = listen;
        }

        return settings;
    }

    private static async Task<string> CreateMigratedDatabaseAsync()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var migrating = await Service.StartReadyAsync(connectionString);
        return connectionString;
    }

    /// <summary>Everything that is done with deployments, from the first to the last, in a project of its own and over both instances.</summary>
    /// <returns>The deployments, which are deleted.</returns>
    private static async Task<IReadOnlyList<string>> LiveAsync(Service here, Service there)
    {
        var project = new Project(here);
        var other = new Project(there, project.Id);
        var config = (await project.CreateConfigAsync("""{"name": "c", "group": "script", "config": "#!/bin/sh"}""")).Id;
        (await other.GetConfigAsync(config)).ShouldBeOk();
        var agent = await Agent.CreateAsync(project, service: there);

        var run = (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s"}""")).Id;
        var batch = (await other.CreateBatchAsync([Project.Minimal, Project.Minimal, Project.Minimal])).Ids;
        var keyed = await project.CreateAsync(Project.Minimal, ("Idempotency-Key", "k"));
        var replayed = await other.CreateAsync(Project.Minimal, ("Idempotency-Key", "k"));
        replayed.Id.ShouldBe(keyed.Id);
        replayed.Headers.ShouldContainKey("Idempotent-Replayed");
        string[] all = [run, .. batch, keyed.Id];
        foreach (var id in all)
        {
            (await other.GetAsync(id)).Id.ShouldBe(id);
        }

        var ended = project.GetAsync($"{run}?wait=50");
        (await agent.SignalAsync("""{"deploy_status_code": 0}""")).ShouldBeGone();
        (await ended).Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
        (await other.UpdateAsync(batch[0], """{"status": "FAILED"}""")).ShouldBeOk();
        (await project.ListAsync()).Ids.ShouldBe(all, ignoreOrder: true);
        (await project.ListAsync("?status=FAILED")).Ids.ShouldBe([batch[0]]);
        (await other.ListEventsAsync(run)).Items.Count.ShouldBe(2);
        (await project.GetMetadataAsync("s")).Ids.ShouldBe([config]);

        for (var index = 0; index < all.Length; index++)
        {
            (await (index % 2 == 0 ? project : other).DeleteAsync(all[index])).ShouldBeGone();
            (await other.GetAsync(all[index])).ShouldBeError(HttpStatusCode.NotFound);
            (await project.ListEventsAsync(all[index])).ShouldBeError(HttpStatusCode.NotFound);
        }

        (await other.RevokeAgentAsync("s")).ShouldBeGone();
        (await project.DeleteConfigAsync(config)).ShouldBeGone();
        var events = new List<JsonElement>();
        for (var after = string.Empty; events.Count < (2 * all.Length) + 2;)
        {
            var page = await other.ReadFeedAsync($"?wait=50{after}");
            events.AddRange(page.Items);
            after = $"&after={NextOf(page)}";
        }

        events.Count(entry => entry.GetProperty("type").GetString() == "deleted").ShouldBe(all.Length);
        return all;
    }

    /// <summary>Looks into every session that the pooler has, by holding all of them at once.</summary>
    private static async Task ShouldHaveLeftNothingInSessionsAsync(string connectionString)
    {
        var sessions = new HashSet<int>();
        await using var source = NpgsqlDataSource.Create($"{connectionString};Pooling=false");
        var connections = new List<NpgsqlConnection>();
        try
        {
            for (var number = 0; number < SmallPool; number++)
            {
                var connection = await source.OpenConnectionAsync();
                connections.Add(connection);
                await connection.BeginTransactionAsync();
                await using var ask = new NpgsqlCommand(
                    """
                    SELECT pg_backend_pid(), ARRAY(
                        SELECT statement FROM pg_prepared_statements
                        UNION ALL
                        SELECT pg_listening_channels()
                        UNION ALL
                        SELECT name || ' = ' || setting FROM pg_settings
                        WHERE source = 'session' AND name <> 'transaction_isolation' -- that of this transaction; a pooler itself sets the others
                            AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings'))
                    """,
                    connection);
                await using var row = await ask.ExecuteReaderAsync();
                await row.ReadAsync();
                sessions.Add(row.GetInt32(0));
                row.GetFieldValue<string[]>(1).ShouldBeEmpty();
            }
        }
        finally
        {
            foreach (var connection in connections)
            {
                await connection.DisposeAsync();
            }
        }

        sessions.Count.ShouldBe(SmallPool);
    }

    private static async Task WaitForListenersAsync(string connectionString, int count)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        for (var waited = Stopwatch.StartNew(); (await ListAsync(database, Listeners)).Count < count; await Task.Delay(PollingInterval))
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
        }
    }

    /// <summary>The first column of each row, as text.</summary>
    private static async Task<IReadOnlyList<string>> ListAsync(NpgsqlDataSource database, string statement)
    {
        await using var ask = database.CreateCommand($"SELECT value::text FROM ({statement}) AS listed (value)");
        await using var rows = await ask.ExecuteReaderAsync();
        var values = new List<string>();
        while (await rows.ReadAsync())
        {
            values.Add(rows.GetString(0));
        }

        return values;
    }

    private static string NextOf(ApiResponse page) => page.ShouldBeOk().Json.GetProperty("next").GetString()!;
}
