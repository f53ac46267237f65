using System.Diagnostics;
using System.Net;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The database answers, but not as it should; each test has a database of its own to spoil.</summary>
public sealed class DatabaseErrorTests
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<string, Func<Project, string, Task<ApiResponse>>> Writes = new()
    {
        ["create"] = (project, _) => project.CreateAsync(Project.Minimal),
        ["create with a key"] = (project, _) => project.CreateAsync(Project.Minimal, ("Idempotency-Key", "k")),
        ["create a batch"] = (project, _) => project.CreateBatchAsync([Project.Minimal, Project.Minimal]),
        ["update"] = (project, id) => project.UpdateAsync(id, """{"status": "COMPLETE"}"""),
    };

    private static IEnumerable<string> NamesOfWrites => Writes.Keys;

    [Test]
    public async Task A_transaction_that_may_be_tried_again_is_tried_again(
        [ValueSource(nameof(NamesOfWrites))] string write,
        [Values(PostgresErrorCodes.SerializationFailure, PostgresErrorCodes.DeadlockDetected, PostgresErrorCodes.DiskFull)] string sqlState)
    {
        await using var spoilt = await BrokenDatabase.StartAsync();
        var id = (await spoilt.Project.CreateAsync(Project.Minimal)).Id;

        await spoilt.FailWritesAsync(sqlState, times: 2);
        var answer = await Writes[write](spoilt.Project, id);

        answer.ShouldBeOk();
        (await spoilt.CountAsync("nextval('faults') - 3")).ShouldBeGreaterThanOrEqualTo(0, "it did not fail twice before");
        if (sqlState != PostgresErrorCodes.DiskFull)
        {
            // PostgreSQL said that nothing was stored. After a disk that is full Npgsql gives its connection up.
            spoilt.Log.Lines.ShouldNotContain(line => line.Message.Contains("is unknown", StringComparison.Ordinal));
        }
    }

    [Test]
    public async Task A_database_that_fails_every_write_is_told_in_time_and_nothing_is_stored(
        [ValueSource(nameof(NamesOfWrites))] string write)
    {
        await using var spoilt = await BrokenDatabase.StartAsync();
        var id = (await spoilt.Project.CreateAsync(Project.Minimal)).Id;

        await spoilt.FailWritesAsync(PostgresErrorCodes.DiskFull, times: 1_000_000);
        await ShouldBeUnavailableInTimeAsync(() => Writes[write](spoilt.Project, id));

        (await spoilt.CountAsync("count(*) FROM software_deployments WHERE status = 'IN_PROGRESS'")).ShouldBe(1);
        (await spoilt.CountAsync("count(*) FROM deployment_events")).ShouldBe(1);
    }

    [TestCase("update")]
    [TestCase("delete")]
    [TestCase("events")]
    public async Task A_request_that_has_to_wait_twice_is_told_in_time(string request)
    {
        await using var spoilt = await BrokenDatabase.StartAsync();
        var id = (await spoilt.Project.CreateAsync(Project.Minimal)).Id;
        await using var events = await spoilt.LockAsync("deployment_events");
        await using var deployments = await spoilt.LockAsync("software_deployments");

        var answered = ShouldBeUnavailableInTimeAsync(() => request switch
        {
            "update" => Writes[request](spoilt.Project, id),
            "delete" => spoilt.Project.DeleteAsync(id),
            _ => spoilt.Project.ListEventsAsync(id),
        });
        await Task.Delay(TimeSpan.FromSeconds(3)); // the read waits for so long, and then what comes after it does
        await deployments.DisposeAsync();

        await answered;
    }

    /// <summary>As where others create and delete deployments with the same key without end.</summary>
    [Test]
    public async Task A_key_that_is_always_taken_and_never_found_is_told_in_time()
    {
        await using var spoilt = await BrokenDatabase.StartAsync();

        await spoilt.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON software_deployments FOR EACH ROW EXECUTE FUNCTION refuse();
            """);

        await ShouldBeUnavailableInTimeAsync(() => Writes["create with a key"](spoilt.Project, string.Empty));
    }

    [Test]
    public async Task A_schema_that_is_not_current_is_told_as_what_it_is()
    {
        await using var spoilt = await BrokenDatabase.StartAsync();
        var id = (await spoilt.Project.CreateAsync(Project.Minimal)).Id;

        await spoilt.ExecuteAsync("ALTER TABLE software_deployments RENAME COLUMN deadline TO of_an_earlier_version");

        await Task.WhenAll(
            ShouldBeUnavailableInTimeAsync(() => spoilt.Project.GetAsync(id)),
            ShouldBeUnavailableInTimeAsync(() => spoilt.Project.ListAsync()),
            ShouldBeUnavailableInTimeAsync(() => spoilt.Project.CreateBatchAsync([Project.Minimal])));
    }

    [Test]
    public async Task A_database_that_took_no_writes_for_a_while_is_missed_no_longer([ValueSource(nameof(NamesOfWrites))] string name)
    {
        var write = Writes[name];
        await using var spoilt = await BrokenDatabase.StartAsync();
        var id = (await spoilt.Project.CreateAsync(Project.Minimal)).Id;

        // As a primary that has become a standby: what connects to it now never will write.
        await spoilt.ExecuteAsync(
            """
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$;
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
            """);
        await ShouldBeUnavailableInTimeAsync(() => write(spoilt.Project, id));
        (await spoilt.Project.GetAsync(id)).ShouldBeOk();

        await spoilt.ExecuteAsync(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$");
        (await write(spoilt.Project, id)).ShouldBeOk();
    }

    private static async Task ShouldBeUnavailableInTimeAsync(Func<Task<ApiResponse>> send)
    {
        var watch = Stopwatch.StartNew();
        (await send()).ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        watch.Elapsed.ShouldBeLessThan(Promise);
    }

    /// <summary>A service over a database that nobody else uses.</summary>
    private sealed class BrokenDatabase(Service service, NpgsqlDataSource database) : IAsyncDisposable
    {
        public Project Project { get; } = new(service);

        public Log Log => service.Log;

        public static async Task<BrokenDatabase> StartAsync()
        {
            var connectionString = await TestRun.Server.CreateDatabaseAsync();
            return new BrokenDatabase(await Service.StartReadyAsync(connectionString), NpgsqlDataSource.Create(connectionString));
        }

        public async Task ExecuteAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }

        public async Task<long> CountAsync(string what)
        {
            await using var command = database.CreateCommand($"SELECT {what}");
            return (long)(await command.ExecuteScalarAsync())!;
        }

        /// <summary>The next statements that write a deployment's history fail.</summary>
        public Task FailWritesAsync(string sqlState, int times) => ExecuteAsync(
            $"""
            CREATE SEQUENCE faults;
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('faults') <= {times} THEN RAISE EXCEPTION 'a fault' USING ERRCODE = '{sqlState}'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER fail BEFORE INSERT ON deployment_events FOR EACH STATEMENT EXECUTE FUNCTION fail();
            """);

        public async Task<NpgsqlConnection> LockAsync(string table)
        {
            var connection = await database.OpenConnectionAsync();
            await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", connection);
            await command.ExecuteNonQueryAsync();
            return connection;
        }

        public async ValueTask DisposeAsync()
        {
            await service.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
