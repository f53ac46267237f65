using System.Net;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Errors that the database reports; each test breaks a database of its own.</summary>
public sealed class DatabaseErrorTests
{
    private static readonly Dictionary<string, Func<Project, string, Task<ApiResponse>>> Writes = new()
    {
        ["create"] = (project, _) => project.CreateAsync(Project.Minimal),
        ["create with a key"] = (project, _) => project.CreateAsync(Project.Minimal, ("Idempotency-Key", "k")),
        ["create a batch"] = (project, _) => project.CreateBatchAsync([Project.Minimal, Project.Minimal]),
        ["update"] = (project, id) => project.UpdateAsync(id, """{"status": "COMPLETE"}"""),
    };

    private static IEnumerable<string> NamesOfWrites => Writes.Keys;

    [Test]
    public async Task Write_is_retried_after_a_transient_database_error_and_returns_200(
        [ValueSource(nameof(NamesOfWrites))] string write,
        [Values(PostgresErrorCodes.SerializationFailure, PostgresErrorCodes.DeadlockDetected, PostgresErrorCodes.DiskFull)] string sqlState)
    {
        await using var broken = await BrokenDatabase.StartAsync();
        var id = (await broken.Project.CreateAsync(Project.Minimal)).Id;

        await broken.FailWritesAsync(sqlState, times: 2);
        var response = await Writes[write](broken.Project, id);

        response.ShouldBeOk();
        (await broken.CountAsync("nextval('faults') - 3")).ShouldBeGreaterThanOrEqualTo(0, "the write was not retried twice");
        if (sqlState != PostgresErrorCodes.DiskFull)
        {
            // PostgreSQL reported that nothing was stored. After a full disk Npgsql closes the connection, so the outcome is unknown.
            broken.Log.Lines.ShouldNotContain(line => line.Message.Contains("is unknown", StringComparison.Ordinal));
        }
    }

    [Test]
    public async Task Write_returns_503_and_stores_nothing_while_every_database_write_fails(
        [ValueSource(nameof(NamesOfWrites))] string write)
    {
        await using var broken = await BrokenDatabase.StartAsync();
        var id = (await broken.Project.CreateAsync(Project.Minimal)).Id;

        await broken.FailWritesAsync(PostgresErrorCodes.DiskFull, times: 1_000_000);
        using (broken.ShortenBudgets())
        {
            await ShouldBeUnavailableAsync(Writes[write](broken.Project, id));
        }

        (await broken.CountAsync("count(*) FROM software_deployments WHERE status = 'IN_PROGRESS'")).ShouldBe(1);
        (await broken.CountAsync("count(*) FROM deployment_events")).ShouldBe(1);
    }

    /// <summary>As if others created and deleted deployments with the same key all the time.</summary>
    [Test]
    public async Task Create_with_a_key_that_is_always_taken_and_never_found_returns_503()
    {
        await using var broken = await BrokenDatabase.StartAsync();

        await broken.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON software_deployments FOR EACH ROW EXECUTE FUNCTION refuse();
            """);

        using (broken.ShortenBudgets())
        {
            await ShouldBeUnavailableAsync(Writes["create with a key"](broken.Project, string.Empty));
        }
    }

    [Test]
    public async Task Requests_return_503_while_the_schema_is_not_current()
    {
        await using var broken = await BrokenDatabase.StartAsync();
        var id = (await broken.Project.CreateAsync(Project.Minimal)).Id;

        await broken.ExecuteAsync("ALTER TABLE software_deployments RENAME COLUMN deadline TO of_an_earlier_version");

        using (broken.ShortenBudgets())
        {
            await Task.WhenAll(
                ShouldBeUnavailableAsync(broken.Project.GetAsync(id)),
                ShouldBeUnavailableAsync(broken.Project.ListAsync()),
                ShouldBeUnavailableAsync(broken.Project.CreateBatchAsync([Project.Minimal])));
        }
    }

    [Test]
    public async Task Write_returns_503_while_the_database_is_read_only_and_200_afterwards([ValueSource(nameof(NamesOfWrites))] string name)
    {
        var write = Writes[name];
        await using var broken = await BrokenDatabase.StartAsync();
        var id = (await broken.Project.CreateAsync(Project.Minimal)).Id;

        // Like a primary demoted to a standby: new connections are read-only.
        await broken.ExecuteAsync(
            """
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$;
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
            """);
        using (broken.ShortenBudgets())
        {
            await ShouldBeUnavailableAsync(write(broken.Project, id));
        }

        (await broken.Project.GetAsync(id)).ShouldBeOk();

        await broken.ExecuteAsync(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$");
        (await write(broken.Project, id)).ShouldBeOk();
    }

    private static async Task ShouldBeUnavailableAsync(Task<ApiResponse> sending) =>
        (await sending).ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");

    /// <summary>A service with a database of its own.</summary>
    private sealed class BrokenDatabase(Service service, NpgsqlDataSource database) : IAsyncDisposable
    {
        public Project Project { get; } = new(service);

        public Log Log => service.Log;

        public IDisposable ShortenBudgets() => service.ShortenBudgets();

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

        /// <summary>The next statements that insert events fail.</summary>
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

        public async ValueTask DisposeAsync()
        {
            await service.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
