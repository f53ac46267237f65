using System.Diagnostics;
using System.Net;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What the service needs of its database before it is ready, and how it says what is missing.</summary>
public sealed class ReadinessTests
{
    private const string Ready = "/healthz/ready";

    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);

    private static IEnumerable<TestCaseData> Grants =>
        from table in new[]
        {
            "software_deployments", "software_configs", "deployment_events", "project_shares", "change_feed_epoch", "change_feed_floors",
            "agents",
        }
        from right in new[] { "SELECT", "INSERT", "UPDATE", "DELETE" }
        select new TestCaseData(table, right);

    [Test]
    public async Task Busy_instance_whose_pool_is_used_up_is_still_ready()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var service = await Service.StartReadyAsync($"{connectionString};Maximum Pool Size=3;Timeout=1");
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, "LOCK TABLE software_deployments IN ACCESS EXCLUSIVE MODE");

        var waiting = Enumerable.Range(0, 10).Select(_ => project.GetAsync(id)).ToList();
        await WaitForLocksAsync(database, 2);
        (await service.GetAsync(Ready)).ShouldBeOk();
        await transaction.RollbackAsync();

        (await Task.WhenAll(waiting)).ShouldContain(response => response.Status == HttpStatusCode.OK);
    }

    [TestCaseSource(nameof(Grants))]
    public async Task Missing_grant_is_named_and_no_request_returns_500(string table, string right)
    {
        var (owner, user) = await CreateUserAsync();
        await using (var migrating = await Service.StartReadyAsync(owner))
        {
            // Makes the schema.
        }

        await using var database = NpgsqlDataSource.Create(owner);
        await GrantAsync(database, new NpgsqlConnectionStringBuilder(user).Username!);
        await using var service = await Service.StartReadyAsync(user);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).ShouldBeOk().Id;
        await using (var revoke = database.CreateCommand($"REVOKE {right} ON {table} FROM {new NpgsqlConnectionStringBuilder(user).Username}"))
        {
            await revoke.ExecuteNonQueryAsync();
        }

        (await service.GetAsync(Ready)).ShouldBeError(HttpStatusCode.ServiceUnavailable).Text.ShouldContain($"{right} on {table}");
        using var soon = service.ShortenBudgets();
        var responses = await Task.WhenAll(
            project.CreateAsync(Project.Minimal),
            project.CreateBatchAsync([Project.Minimal, Project.Minimal]),
            project.CreateConfigAsync("{}"),
            project.GetAsync(id),
            project.ListAsync(),
            project.UpdateAsync(id, """{"status_reason": "changed"}"""),
            project.ListEventsAsync(id),
            project.ReadFeedAsync(),
            project.GetMetadataAsync("s"),
            project.CreateAgentAsync("""{"server_id": "s"}"""));
        responses.ShouldAllBe(response => response.Status == HttpStatusCode.OK || response.Status == HttpStatusCode.ServiceUnavailable);

        if (right == "SELECT" || (right == "INSERT" && !table.StartsWith("change_feed", StringComparison.Ordinal)))
        {
            responses.ShouldContain(response => response.Status == HttpStatusCode.ServiceUnavailable);
        }
    }

    [Test]
    public async Task Database_in_another_encoding_than_UTF8_is_not_ready_and_no_text_returns_500()
    {
        var connectionString = await CreateLatin1DatabaseAsync();
        await using var service = await Service.StartAsync(connectionString);
        var project = new Project(service);

        var refusal = await UntilAsync(service, response => response.Text.Contains("UTF8", StringComparison.Ordinal));

        refusal.ShouldBeError(HttpStatusCode.ServiceUnavailable).Text.ShouldContain("LATIN1");
        var responses = await Task.WhenAll(
            project.CreateAsync("""{"config_id": "c", "server_id": "日本"}"""),
            project.CreateBatchAsync(["""{"config_id": "c", "server_id": "日本"}""", Project.Minimal]),
            project.CreateConfigAsync("""{"name": "日本"}"""),
            project.ListAsync("?server_id=%E6%97%A5"));
        responses.ShouldAllBe(response => response.Status == HttpStatusCode.OK || response.Status == HttpStatusCode.ServiceUnavailable);
    }

    [Test]
    public async Task Database_without_a_schema_is_not_ready_and_the_reason_says_so()
    {
        await using var service = await Service.StartAsync(
            await TestRun.Server.CreateDatabaseAsync(),
            new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MigrateOnStart"] = "false" });

        (await service.GetAsync(Ready)).ShouldBeError(HttpStatusCode.ServiceUnavailable).Text.ShouldContain("has no schema yet");
    }

    private static async Task<ApiResponse> UntilAsync(Service service, Predicate<ApiResponse> isMet)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(PollingInterval))
        {
            var response = await service.GetAsync(Ready);
            if (isMet(response))
            {
                return response;
            }

            waited.Elapsed.ShouldBeLessThan(Service.Timeout, response.Text);
        }
    }

    private static async Task<(string Owner, string User)> CreateUserAsync()
    {
        var owner = await TestRun.Server.CreateDatabaseAsync();
        var name = $"user_{Guid.NewGuid():N}";
        await using var database = NpgsqlDataSource.Create(owner);
        await using var create = database.CreateCommand($"CREATE ROLE {name} LOGIN PASSWORD 'secret'");
        await create.ExecuteNonQueryAsync();
        var user = new NpgsqlConnectionStringBuilder(owner) { Username = name, Password = "secret" };
        return (owner, user.ConnectionString);
    }

    private static async Task GrantAsync(NpgsqlDataSource database, string user)
    {
        await using var grant = database.CreateCommand(
            $"""
            GRANT SELECT ON "__EFMigrationsHistory" TO {user};
            GRANT SELECT, INSERT, UPDATE, DELETE ON software_deployments, software_configs, deployment_events,
                project_shares, change_feed_epoch, change_feed_floors, agents, data_protection_keys TO {user}
            """);
        await grant.ExecuteNonQueryAsync();
    }

    private static async Task<string> CreateLatin1DatabaseAsync()
    {
        var settings = new NpgsqlConnectionStringBuilder(await TestRun.Server.CreateDatabaseAsync());
        var name = $"{settings.Database}_latin1";
        await using var server = NpgsqlDataSource.Create(settings.ConnectionString);
        await using var create = server.CreateCommand($"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
        await create.ExecuteNonQueryAsync();
        settings.Database = name;
        return settings.ConnectionString;
    }

    private static async Task WaitForLocksAsync(NpgsqlDataSource database, int count)
    {
        await using var ask = database.CreateCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        for (var waited = Stopwatch.StartNew(); (long)(await ask.ExecuteScalarAsync())! < count; await Task.Delay(PollingInterval))
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
}
