using System.Globalization;
using System.Net;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using Deployments.Infrastructure.Retention;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What is deleted by its age, and what stays.</summary>
public sealed class RetentionTests
{
    private const int Age = 40;
    private static readonly (string, string) ThirtyDays = ("RetainDays", "30");
    private static readonly (string, string) ThirtyDaysForConfigs = ("RetainUnusedConfigDays", "30");

    [Test]
    public async Task Deployment_that_has_not_changed_for_the_days_is_deleted_as_by_DELETE()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        var id = await CreateAsync(project, "COMPLETE");
        await CreateAsync(project, "COMPLETE");
        var keyed = await project.CreateAsync(Body("COMPLETE", server: "keyed"), ("Idempotency-Key", "k"));
        await CreateAsync(project, "COMPLETE", server: "keyed");
        await database.AgeAsync(Age);
        var (old, oldKeyed) = (AgedDatabase.Older(id, Age), AgedDatabase.Older(keyed.Id, Age));

        await using var retaining = await database.RetainAsync(ThirtyDays);

        (await project.GetAsync(old)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.ListEventsAsync(old)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.GetAsync(oldKeyed)).ShouldBeError(HttpStatusCode.NotFound);
        (await project.ListAsync()).Ids.Count.ShouldBe(2);
        var deleted = (await DeletionsAsync(project)).Single(entry => Text(entry, "deployment_id") == old);
        Text(deleted, "actor").ShouldBe("retention");
        Text(deleted, "status").ShouldBe("COMPLETE");
        Text(deleted, "server_id").ShouldBe("s");
        Text(deleted, "request_id").ShouldMatch(ApiResponse.RequestIdForm().ToString());
        deleted.GetProperty("version").GetInt32().ShouldBe(2);
        (DateTimeOffset.UtcNow - DateTimeOffset.Parse(Text(deleted, "time"), CultureInfo.InvariantCulture)).ShouldBeLessThan(TimeSpan.FromHours(1));
        (await project.CreateAsync(Body("COMPLETE", server: "another"), ("Idempotency-Key", "k"))).ShouldBeOk();
    }

    [Test]
    public async Task Deployment_in_progress_and_one_that_has_changed_since_stay()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        var running = await CreateAsync(project, "IN_PROGRESS");
        var changed = await CreateAsync(project, "COMPLETE");
        var failed = await CreateAsync(project, "FAILED");
        var newest = await CreateAsync(project, "COMPLETE");
        await database.AgeAsync(Age);
        (await project.UpdateAsync(AgedDatabase.Older(changed, Age), """{"status": "FAILED"}""")).ShouldBeOk();

        await using var retaining = await database.RetainAsync(ThirtyDays);

        (await project.ListAsync()).Ids.ShouldBe(new[] { running, changed, newest }.Select(id => AgedDatabase.Older(id, Age)));
        (await DeletionsAsync(project)).Select(entry => Text(entry, "deployment_id")).ShouldBe([AgedDatabase.Older(failed, Age)]);
    }

    [Test]
    public async Task Deployment_younger_than_the_days_stays()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        await CreateAsync(project, "COMPLETE");
        await CreateAsync(project, "COMPLETE");
        await database.AgeAsync(Age);

        await using var retaining = await database.RetainAsync(("RetainDays", $"{Age + 1}"));

        (await project.ListAsync()).Ids.Count.ShouldBe(2);
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task Newest_of_each_server_and_configuration_name_stay(int perServer)
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        var (web, web2, db) = (await ConfigAsync("""{"name": "web"}"""), await ConfigAsync("""{"name": "web"}"""), await ConfigAsync("""{"name": "db"}"""));
        var (unnamed, unnamed2) = (await ConfigAsync("{}"), await ConfigAsync("{}"));

        // Each line is of one server and name, oldest first. The configuration "web" that is not held here has only the id in common.
        string[][] groups =
        [
            [await On("s", web), await On("s", web2), await On("s", web), await On("s", web2)],
            [await On("s", db), await On("s", db), await On("s", db)],
            [await On("s", unnamed), await On("s", unnamed), await On("s", unnamed)],
            [await On("s", unnamed2), await On("s", unnamed2), await On("s", unnamed2)],
            [await On("s", "web"), await On("s", "web"), await On("s", "web")],
            [await On("s", "elsewhere"), await On("s", "elsewhere"), await On("s", "elsewhere")],
            [await On("t", web), await On("t", web2), await On("t", web)],
            [await On("u", web)],
        ];
        await database.AgeAsync(Age);

        await using var retaining = await database.RetainAsync(ThirtyDays, ("RetainPerServer", $"{perServer}"));

        (await project.ListAsync()).Ids.ShouldBe(
            groups.SelectMany(group => group.TakeLast(perServer)).Select(id => AgedDatabase.Older(id, Age)), ignoreOrder: true);

        async Task<string> ConfigAsync(string json) => (await project.CreateConfigAsync(json)).Id;

        Task<string> On(string server, string config) => CreateAsync(project, "COMPLETE", server, config);
    }

    [Test]
    public async Task Newest_may_be_in_progress_or_recent()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        await CreateAsync(project, "COMPLETE", "s");
        var running = await CreateAsync(project, "IN_PROGRESS", "s");
        await CreateAsync(project, "COMPLETE", "t");
        await database.AgeAsync(Age);
        var recent = await CreateAsync(project, "COMPLETE", "t");

        await using var retaining = await database.RetainAsync(ThirtyDays);

        (await project.ListAsync()).Ids.ShouldBe([AgedDatabase.Older(running, Age), recent]);
    }

    [Test]
    public async Task Both_projects_of_a_shared_deployment_see_its_deletion_and_watchers_are_told()
    {
        await using var database = await AgedDatabase.StartAsync();
        var (owner, second) = (new Project(database.Service), new Project(database.Service));
        var id = await CreateAsync(owner, "COMPLETE", members: $$""", "stack_user_project_id": "{{second.Id}}" """);
        await CreateAsync(owner, "COMPLETE");
        await database.AgeAsync(Age);
        var old = AgedDatabase.Older(id, Age);
        var tag = (await second.GetAsync(old)).EntityTag;
        await using var stream = await EventReader.OpenAsync(database.Service, second.Id, "?after=now");
        (await stream.ReadAsync())!.Value.Type.ShouldBe("bookmark");
        var held = second.GetAsync($"{old}?wait=50", null, ("If-None-Match", tag));

        await using var retaining = await database.RetainAsync(ThirtyDays);

        (await held).ShouldBeError(HttpStatusCode.NotFound);
        var seen = await stream.ReadEventAsync();
        while (seen.Type == "created")
        {
            seen = await stream.ReadEventAsync(); // it could not be read yet when the stream began: a transaction of another database was open
        }

        (seen.Type, Text(seen.Data, "deployment_id")).ShouldBe(("deleted", old));
        foreach (var project in new[] { owner, second })
        {
            Text((await DeletionsAsync(project)).ShouldHaveSingleItem(), "deployment_id").ShouldBe(old);
        }
    }

    [Test]
    public async Task Deployment_that_changes_between_its_finding_and_its_deletion_stays()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        var (running, changed, deleted) = (await CreateAsync(project, "COMPLETE"), await CreateAsync(project, "COMPLETE"), await CreateAsync(project, "COMPLETE"));
        await CreateAsync(project, "COMPLETE");
        await database.AgeAsync(Age);

        // Reading is allowed, and writing waits.
        await using var connection = await database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, "LOCK TABLE software_deployments IN EXCLUSIVE MODE");
        await using var retaining = await database.StartRetainingAsync(ThirtyDays);
        await WaitForLockAsync(database, "deleted_row");
        await ExecuteAsync(connection, $"UPDATE software_deployments SET status = 'IN_PROGRESS' WHERE id = '{AgedDatabase.Older(running, Age)}'");
        await ExecuteAsync(connection, $"UPDATE software_deployments SET updated_time = now() WHERE id = '{AgedDatabase.Older(changed, Age)}'");
        await transaction.CommitAsync();
        await AgedDatabase.WaitForPassAsync(retaining);

        (await DeletionsAsync(project)).Select(entry => Text(entry, "deployment_id")).ShouldBe([AgedDatabase.Older(deleted, Age)]);
        (await project.ListAsync()).Ids.Count.ShouldBe(3);
    }

    [Test]
    public async Task Row_that_somebody_has_locked_is_left_and_the_others_are_deleted()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        var (locked, deleted) = (await CreateAsync(project, "COMPLETE"), await CreateAsync(project, "COMPLETE"));
        var newest = await CreateAsync(project, "COMPLETE");
        var lockedConfig = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateConfigAsync("{}");
        await database.AgeAsync(Age);
        await using var connection = await database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, $"SELECT FROM software_deployments WHERE id = '{AgedDatabase.Older(locked, Age)}' FOR UPDATE");

        // As a deployment does that refers to it.
        await ExecuteAsync(connection, $"SELECT FROM software_configs WHERE id = '{AgedDatabase.Older(lockedConfig, Age)}' FOR KEY SHARE");

        await using var retaining = await database.RetainAsync(ThirtyDays, ThirtyDaysForConfigs);
        await transaction.CommitAsync(); // the feed has no events of after it before

        (await project.ListAsync()).Ids.ShouldBe([AgedDatabase.Older(locked, Age), AgedDatabase.Older(newest, Age)]);
        (await project.ListConfigsAsync()).Ids.ShouldBe([AgedDatabase.Older(lockedConfig, Age)]);
        Text((await DeletionsAsync(project)).ShouldHaveSingleItem(), "deployment_id").ShouldBe(AgedDatabase.Older(deleted, Age));
    }

    [Test]
    public async Task Nothing_is_deleted_while_another_instance_is_at_work()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        await CreateAsync(project, "COMPLETE");
        await CreateAsync(project, "COMPLETE");
        await database.AgeAsync(Age);
        await using var another = await database.Source.OpenConnectionAsync();
        await ExecuteAsync(another, $"SELECT pg_advisory_lock({RetentionPass.AdvisoryLockKey})");

        await using var retaining = await database.StartRetainingAsync(ThirtyDays);

        await retaining.Log.WaitForAsync(line => line.Message == "Retention waits: another instance is at work.");
        (await project.ListAsync()).Ids.Count.ShouldBe(2);
    }

    [Test]
    public async Task Configuration_goes_if_it_is_old_and_no_deployment_refers_to_it()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        await project.CreateConfigAsync("""{"name": "unused"}""");
        var used = (await project.CreateConfigAsync("""{"name": "used"}""")).Id;
        var ofDeleted = (await project.CreateConfigAsync("""{"name": "web"}""")).Id;
        var ofNewest = (await project.CreateConfigAsync("""{"name": "web"}""")).Id;
        await CreateAsync(project, "COMPLETE", config: used);
        await CreateAsync(project, "COMPLETE", config: ofDeleted);
        await CreateAsync(project, "COMPLETE", config: ofNewest);
        await database.AgeAsync(Age);
        var recent = (await project.CreateConfigAsync("""{"name": "recent"}""")).Id;

        await using var retaining = await database.RetainAsync(ThirtyDays, ThirtyDaysForConfigs);

        (await project.ListConfigsAsync()).Ids.ShouldBe([recent, AgedDatabase.Older(ofNewest, Age), AgedDatabase.Older(used, Age)]);
    }

    [Test]
    public async Task Configuration_to_which_a_deployment_refers_since_it_was_found_stays()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateConfigAsync("{}");
        await database.AgeAsync(Age);
        await using var connection = await database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, "LOCK TABLE software_configs IN EXCLUSIVE MODE");
        await using var retaining = await database.StartRetainingAsync(ThirtyDaysForConfigs);
        await WaitForLockAsync(database, "FROM software_configs");
        await CreateAsync(project, "COMPLETE", config: AgedDatabase.Older(config, Age));
        await transaction.CommitAsync();
        await AgedDatabase.WaitForPassAsync(retaining);

        (await project.ListConfigsAsync()).Ids.ShouldBe([AgedDatabase.Older(config, Age)]);
    }

    [Test]
    public async Task Only_what_has_days_is_deleted()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        await CreateAsync(project, "COMPLETE");
        await CreateAsync(project, "COMPLETE");
        await project.CreateConfigAsync("{}");
        await database.AgeAsync(Age);

        await using (await database.RetainAsync(ThirtyDaysForConfigs))
        {
            (await project.ListAsync()).Ids.Count.ShouldBe(2);
            (await project.ListConfigsAsync()).Ids.ShouldBeEmpty();
        }

        await project.CreateConfigAsync("{}");
        await database.AgeAsync(Age);
        await using (await database.RetainAsync(ThirtyDays))
        {
            (await project.ListAsync()).Ids.Count.ShouldBe(1);
            (await project.ListConfigsAsync()).Ids.Count.ShouldBe(1);
        }
    }

    [Test]
    public async Task Several_at_once_delete_each_deployment_once_in_all_projects()
    {
        const int servers = 150;
        await using var database = await AgedDatabase.StartAsync();
        foreach (var project in new[] { new Project(database.Service), new Project(database.Service) })
        {
            for (var round = 0; round < 3; round++)
            {
                (await project.CreateBatchAsync(Enumerable.Range(0, servers).Select(n => Body("COMPLETE", $"server-{n}")))).ShouldBeOk();
            }
        }

        await database.AgeAsync(Age);
        var settings = PruneTests.SettingsFor(database);

        var instances = await Task.WhenAll(database.StartRetainingAsync(ThirtyDays), database.StartRetainingAsync(ThirtyDays));
        var commands = await Task.WhenAll(
            ServiceProcess.RunAsync(settings, "prune", "--older-than", "30d", "--yes"),
            ServiceProcess.RunAsync(settings, "prune", "--older-than", "30d", "--yes"));
        await Task.WhenAny(instances.Select(AgedDatabase.WaitForPassAsync));
        foreach (var instance in instances)
        {
            await instance.DisposeAsync();
        }

        commands.ShouldAllBe(ended => ended.ExitCode == 0);
        (await database.CountAsync("software_deployments")).ShouldBe(2 * servers);
        (await database.CountAsync("deployment_events WHERE deleted")).ShouldBe(2 * 2 * servers);
        (await database.CountAsync("(SELECT DISTINCT deployment_id FROM deployment_events WHERE deleted) AS deployment")).ShouldBe(2 * 2 * servers);
    }

    [Test]
    public async Task Sum_of_the_day_is_logged_at_the_end()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        await CreateAsync(project, "COMPLETE");
        await CreateAsync(project, "COMPLETE");
        await CreateAsync(project, "COMPLETE");
        await project.CreateConfigAsync("{}");
        await database.AgeAsync(Age);

        var retaining = await database.RetainAsync(ThirtyDays, ThirtyDaysForConfigs);
        await retaining.DisposeAsync();

        retaining.Log.Lines.Select(line => line.Message).ShouldContain(message =>
            message.StartsWith("Retention deleted 2 deployments and 1 configurations on 2", StringComparison.Ordinal));
    }

    internal static string Body(string status, string server = "s", string config = "c", string members = "") =>
        $$"""{"config_id": "{{config}}", "server_id": "{{server}}", "status": "{{status}}"{{members}}}""";

    internal static async Task<string> CreateAsync(Project project, string status, string server = "s", string config = "c", string members = "") =>
        (await project.CreateAsync(Body(status, server, config, members))).Id;

    private static async Task<IReadOnlyList<JsonElement>> DeletionsAsync(Project project)
    {
        await AgedDatabase.WaitUntilFeedIsCompleteAsync();
        return [.. (await project.ReadFeedAsync()).Items.Where(entry => Text(entry, "type") == "deleted")];
    }

    private static string Text(JsonElement entry, string member) => entry.GetProperty(member).GetString()!;

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    // There is no event for a statement that waits.
    private static async Task WaitForLockAsync(AgedDatabase database, string statement)
    {
        while (await database.CountAsync($"pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%{statement}%'") == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }
}
