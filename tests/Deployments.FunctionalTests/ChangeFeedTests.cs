using System.Net;
using System.Text.Json;
using Deployments.Application.Common;
using Deployments.FunctionalTests.Support;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.SoftwareDeployments;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>
/// The change feed of a project. Whatever else writes to the same server may hold up an event for a while, so these tests wait for what they
/// expect, as watchers do.
/// </summary>
public sealed class ChangeFeedTests
{
    private static readonly string[] Members =
    [
        "type", "deployment_id", "version", "time", "server_id", "config_id", "action", "status", "status_reason", "actor", "request_id",
    ];

    private static IEnumerable<TestCaseData> BadQueries =>
    [
        new("?after=banana", "after"),
        new("?wait=0", "wait"),
        new("?wait=51", "wait"),
        new("?wait=x", "wait"),
        new("?limit=0", "limit"),
        new("?limit=1001", "limit"),
        new("?order=up", "order"),
        new("?order=desc&wait=1", "wait"),
        new("?status=banana", "status"),
        new("?deployment_id=7", "deployment_id"),
        new("?action=CREATE", "action"),
        new("?after=", "after"),
    ];

    [Test]
    public async Task Feed_has_the_creation_each_change_and_the_deletion_in_order()
    {
        var project = new Project();
        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "s", "action": "CREATE", "status_reason": "first"}""");
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE", "config_id": "d", "status_reason": "second"}""");
        var deleted = await project.DeleteAsync(created.Id);

        var events = await ReadAsync(project, 3);

        events.ShouldAllBe(entry => entry.EnumerateObject().Select(member => member.Name).SequenceEqual(Members));
        Texts(events, "type").ShouldBe(["created", "changed", "deleted"]);
        events.Select(entry => entry.GetProperty("version").GetInt32()).ShouldBe([1, 2, 3]);
        Texts(events, "deployment_id").Distinct().ShouldBe([created.Id]);
        Texts(events, "server_id").Distinct().ShouldBe(["s"]);
        Texts(events, "config_id").ShouldBe(["c", "d", "d"]);
        Texts(events, "status").ShouldBe(["IN_PROGRESS", "COMPLETE", "COMPLETE"]);
        Texts(events, "status_reason").ShouldBe(["first", "second", "second"]);
        Texts(events, "request_id").ShouldBe([created.RequestId, changed.RequestId, deleted.RequestId]);
    }

    [Test]
    public async Task Pages_of_one_event_return_what_one_page_returns()
    {
        var project = new Project();
        foreach (var number in Enumerable.Range(0, 5))
        {
            (await project.CreateAsync($$"""{"config_id": "c{{number}}", "server_id": "s"}""")).ShouldBeOk();
        }

        await project.CreateBatchAsync([Project.Minimal, Project.Minimal]);
        var whole = await ReadAsync(project, 7);

        var single = new List<JsonElement>();
        for (var after = ""; single.Count < whole.Count;)
        {
            var page = await project.ReadFeedAsync($"?limit=1{after}");
            single.Add(page.Items.ShouldHaveSingleItem());
            after = $"&after={NextOf(page)}";
        }

        single.Select(entry => entry.GetRawText()).ShouldBe(whole.Select(entry => entry.GetRawText()));
    }

    [Test]
    public async Task Filters_compare_the_events_own_fields_and_the_cursor_moves_past_the_others()
    {
        var project = new Project();
        var one = (await project.CreateAsync("""{"config_id": "c", "server_id": "one"}""")).Id;
        var two = (await project.CreateAsync("""{"config_id": "c", "server_id": "two"}""")).Id;
        await project.UpdateAsync(one, """{"config_id": "d"}""");
        await project.UpdateAsync(two, """{"status": "FAILED"}""");
        await ReadAsync(project, 4);

        Texts((await project.ReadFeedAsync("?server_id=one")).Items, "config_id").ShouldBe(["c", "d"]);
        Texts((await project.ReadFeedAsync("?config_id=c")).Items, "deployment_id").ShouldBe([one, two, two]);
        Texts((await project.ReadFeedAsync($"?deployment_id={two}&status=FAILED")).Items, "type").ShouldBe(["changed"]);
        var none = await project.ReadFeedAsync("?server_id=three");
        none.Items.ShouldBeEmpty();
        (await project.ReadFeedAsync($"?after={NextOf(none)}")).Items.ShouldBeEmpty();
    }

    [Test]
    public async Task Descending_order_returns_the_newest_first_page_by_page()
    {
        var project = new Project();
        foreach (var _ in Enumerable.Range(0, 3))
        {
            await project.CreateAsync(Project.Minimal);
        }

        var ascending = await ReadAsync(project, 3);

        var first = await project.ReadFeedAsync("?order=desc&limit=2");
        var second = await project.ReadFeedAsync($"?order=desc&limit=2&after={NextOf(first)}");

        Texts([.. first.Items, .. second.Items], "deployment_id").ShouldBe(Texts(ascending, "deployment_id").Reverse());
    }

    [Test]
    public async Task Now_returns_no_event_and_the_cursor_of_what_comes_afterwards()
    {
        var project = new Project();
        await project.CreateAsync(Project.Minimal);
        await ReadAsync(project, 1);

        var now = await project.ReadFeedAsync("?after=now");
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        now.Items.ShouldBeEmpty();
        Texts((await project.ReadFeedAsync($"?after={NextOf(now)}&wait=50")).Items, "deployment_id").ShouldBe([id]);
    }

    [Test]
    public async Task Shared_deployments_are_in_the_feeds_of_both_projects_and_of_no_other()
    {
        var (owner, second, other) = (new Project(), new Project(), new Project());
        await second.CreateAsync(Project.Minimal);
        var shared = (await owner.CreateSharedAsync(second)).Id;
        await owner.CreateAsync(Project.Minimal);
        await second.UpdateAsync(shared, """{"status": "COMPLETE"}""");
        await second.DeleteAsync(shared);

        var ofOwner = await ReadAsync(owner, 4);
        var ofSecond = await ReadAsync(second, 4);

        Texts(ofOwner, "type").ShouldBe(["created", "created", "changed", "deleted"]);
        Texts(ofSecond, "type").ShouldBe(["created", "created", "changed", "deleted"]);
        Texts(ofSecond, "deployment_id").Skip(1).ShouldAllBe(id => id == shared);
        (await other.ReadFeedAsync()).Items.ShouldBeEmpty();
    }

    [Test]
    public async Task Event_of_an_open_transaction_that_is_older_than_a_later_event_is_not_skipped()
    {
        var project = new Project();
        var late = (await project.CreateAsync(Project.Minimal)).Id;
        var cursor = NextOf(await ReadPageAsync(project, 1));
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var change = new NpgsqlCommand(
            """
            INSERT INTO deployment_events (
                project_id, deployment_id, version, time, status, actor, request_id, server_id, config_id, deleted)
            VALUES ($1, $2, 2, now(), 'COMPLETE', 'a', 'req-1', 'a server', 'a config', false)
            """,
            connection))
        {
            change.Parameters.Add(new() { Value = project.Id });
            change.Parameters.Add(new() { Value = Guid.Parse(late) });
            await change.ExecuteNonQueryAsync();
        }

        var early = (await project.CreateAsync(Project.Minimal)).Id;
        var before = await project.ReadFeedAsync($"?after={cursor}");
        var waiting = project.ReadFeedAsync($"?after={NextOf(before)}&wait=50");
        await transaction.CommitAsync();

        before.Items.ShouldBeEmpty();
        var first = await waiting;
        Texts([.. first.Items, .. await ReadAsync(project, 2 - first.Items.Count, NextOf(first))], "deployment_id").ShouldBe([late, early]);
    }

    [Test]
    public async Task Cursor_of_another_project_returns_400()
    {
        var (one, other) = (new Project(), new Project());
        var cursor = NextOf(await one.ReadFeedAsync());

        (await other.ReadFeedAsync($"?after={cursor}")).ShouldBeError(HttpStatusCode.BadRequest, "after");
    }

    [Test]
    public async Task Cursor_with_any_character_removed_or_changed_returns_400()
    {
        var project = new Project();
        await project.CreateAsync(Project.Minimal);
        var cursor = NextOf(await ReadPageAsync(project, 1));

        foreach (var index in Enumerable.Range(0, cursor.Length))
        {
            var changed = cursor[index] == 'A' ? 'B' : 'A';
            (await project.ReadFeedAsync($"?after={cursor.Remove(index, 1)}")).ShouldBeError(HttpStatusCode.BadRequest, "after");
            (await project.ReadFeedAsync($"?after={cursor[..index]}{changed}{cursor[(index + 1)..]}")).ShouldBeError(HttpStatusCode.BadRequest, "after");
        }
    }

    [Test]
    public async Task Cursor_whose_event_does_not_exist_returns_410()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        var cursor = NextOf(await ReadPageAsync(project, 1));
        await using var lose = TestRun.Database.CreateCommand("DELETE FROM deployment_events WHERE deployment_id = $1");
        lose.Parameters.Add(new() { Value = Guid.Parse(id) });
        await lose.ExecuteNonQueryAsync();

        (await project.ReadFeedAsync($"?after={cursor}")).ShouldBeError(HttpStatusCode.Gone);
        (await project.ReadFeedAsync($"?after={cursor}&wait=1")).ShouldBeError(HttpStatusCode.Gone);
    }

    [TestCaseSource(nameof(BadQueries))]
    public async Task Bad_query_returns_400_and_names_the_parameter(string query, string field) =>
        (await new Project().ReadFeedAsync(query)).ShouldBeError(HttpStatusCode.BadRequest, field);

    [Test]
    public async Task Change_on_one_instance_is_returned_to_a_waiter_on_another()
    {
        await using var other = await Service.StartReadyAsync(TestRun.ConnectionString);
        var here = new Project();
        var there = new Project(other, here.Id);
        var cursor = NextOf(await there.ReadFeedAsync("?after=now"));

        var waiting = there.ReadFeedAsync($"?after={cursor}&wait=50");
        await WaitUntilHeldAsync(other, 1);
        var id = (await here.CreateAsync(Project.Minimal)).Id;
        Texts((await waiting).Items, "deployment_id").ShouldBe([id]);

        var shown = there.GetAsync($"{id}?wait=50");
        await WaitUntilHeldAsync(other, 1);
        await here.UpdateAsync(id, """{"status": "COMPLETE"}""");
        (await shown).Deployment.GetProperty("status").GetString().ShouldBe("COMPLETE");
    }

    [Test]
    public async Task Wait_that_ends_without_an_event_returns_none_and_a_cursor_to_go_on_with()
    {
        var project = new Project();
        var cursor = NextOf(await project.ReadFeedAsync("?after=now"));

        var page = await project.ReadFeedAsync($"?after={cursor}&wait=1");

        page.Items.ShouldBeEmpty();
        (await project.ReadFeedAsync($"?after={NextOf(page)}")).Items.ShouldBeEmpty();
    }

    [Test]
    public async Task Waiter_with_a_filter_is_not_woken_by_other_events_and_moves_past_them()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var cursor = NextOf(await project.ReadFeedAsync("?after=now"));

        var waiting = project.ReadFeedAsync($"?after={cursor}&wait=50&server_id=two");
        var unfiltered = project.ReadFeedAsync($"?after={cursor}&wait=50");
        await WaitUntilHeldAsync(service, 2);
        await project.CreateAsync("""{"config_id": "c", "server_id": "one"}""");
        (await unfiltered).Items.ShouldHaveSingleItem();
        service.Waiting.ShouldBe(1);
        var id = (await project.CreateAsync("""{"config_id": "c", "server_id": "two"}""")).Id;

        Texts((await waiting).Items, "deployment_id").ShouldBe([id]);
    }

    [Test]
    public async Task Purged_history_of_a_deleted_deployment_ends_cursors_before_it_and_only_those()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        string before, after;
        Project project;
        await using (var service = await Service.StartReadyAsync(connectionString))
        {
            project = new Project(service);
            var gone = (await project.CreateAsync(Project.Minimal)).Id;
            before = NextOf(await ReadPageAsync(project, 1));
            await project.DeleteAsync(gone);
            await project.CreateAsync(Project.Minimal);
            await ReadAsync(project, 3);
            after = NextOf(await project.ReadFeedAsync());
        }

        await using (var database = NpgsqlDataSource.Create(connectionString))
        await using (var age = database.CreateCommand("UPDATE deployment_events SET time = time - interval '8 days'"))
        {
            await age.ExecuteNonQueryAsync();
        }

        await using var later = await Service.StartReadyAsync(connectionString);
        project = new Project(later, project.Id);
        while ((await ReadAsync(project, 1)).Count > 1)
        {
            await Task.Delay(10);
        }

        (await project.ReadFeedAsync($"?after={before}")).ShouldBeError(HttpStatusCode.Gone);
        (await project.ReadFeedAsync($"?after={after}")).Items.ShouldBeEmpty();
        Texts((await project.ReadFeedAsync()).Items, "type").ShouldBe(["created"]);
    }

    [TestCase("timeline")]
    [TestCase("cluster")]
    public async Task Cursor_of_before_a_failover_or_a_restore_returns_410_and_new_ones_see_all_events(string what)
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        string cursor;
        string id;
        await using (var service = await Service.StartReadyAsync(connectionString))
        {
            var before = new Project(service);
            id = before.Id;
            await before.CreateAsync(Project.Minimal);
            cursor = NextOf(await ReadPageAsync(before, 1));
        }

        // The rows of a dump have transactions that another cluster has not reached.
        await using (var database = NpgsqlDataSource.Create(connectionString))
        await using (var restore = database.CreateCommand(
            $"""
            UPDATE change_feed_epoch SET {what} = 'another';
            UPDATE deployment_events SET xact = '1000000000' WHERE '{what}' = 'cluster';
            UPDATE software_deployments SET xact = '1000000000' WHERE '{what}' = 'cluster'
            """))
        {
            await restore.ExecuteNonQueryAsync();
        }

        await using var later = await Service.StartReadyAsync(connectionString);
        var project = new Project(later, id);
        (await project.ReadFeedAsync($"?after={cursor}")).ShouldBeError(HttpStatusCode.Gone);
        await ReadAsync(project, 1);
        var next = (await project.CreateAsync(Project.Minimal)).Id;
        Texts(await ReadAsync(project, 2), "deployment_id").ShouldContain(next);
    }

    [Test]
    public async Task Events_that_version_1_0_has_stored_are_shown_before_and_after_they_are_completed()
    {
        var (owner, second) = (new Project(), new Project());
        var id = (await owner.CreateSharedAsync(second)).Id;
        await ReadAsync(owner, 1);
        await using var forget = TestRun.Database.CreateCommand(
            """
            UPDATE deployment_events SET deleted = NULL, server_id = NULL, config_id = NULL, stack_user_project_id = NULL WHERE deployment_id = $1
            """);
        forget.Parameters.Add(new() { Value = Guid.Parse(id) });
        await forget.ExecuteNonQueryAsync();

        do
        {
            foreach (var project in new[] { owner, second })
            {
                var entry = (await ReadAsync(project, 1)).ShouldHaveSingleItem();
                entry.GetProperty("type").GetString().ShouldBe("created");
                entry.GetProperty("server_id").GetString().ShouldBe("a server");
                entry.GetProperty("config_id").GetString().ShouldBe("a config");
            }
        }
        while (await IsIncompleteAsync(id));
    }

    [Test]
    public async Task Requests_beyond_those_that_may_be_held_return_503_and_disturb_no_other_project()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MaxWaiting"] = "4" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);
        var (one, other) = (new Project(service), new Project(service));
        var cursor = NextOf(await one.ReadFeedAsync("?after=now"));

        var held = Enumerable.Range(0, 3).Select(_ => one.ReadFeedAsync($"?after={cursor}&wait=50")).ToList();
        var refused = await await Task.WhenAny(held);

        refused.ShouldBeError(HttpStatusCode.ServiceUnavailable);
        refused.Headers.ShouldContainKey("Retry-After");
        refused.Json.GetProperty("detail").GetString()!.ShouldContain("as it may: 2, half of Deployments:MaxWaiting");
        (await other.ReadFeedAsync("?wait=1")).ShouldBeOk();
        (await one.ReadFeedAsync()).ShouldBeOk();
        await one.CreateAsync(Project.Minimal);
        (await Task.WhenAll(held)).Count(response => response.Status == HttpStatusCode.OK).ShouldBe(2);
    }

    [Test]
    public async Task Request_that_need_not_wait_returns_its_events_though_as_many_are_held_as_may_be()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MaxWaiting"] = "1" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        await ReadAsync(project, 1); // until then it comes after now
        var held = project.ReadFeedAsync("?after=now&wait=50");
        await WaitUntilHeldAsync(service, 1);

        (await project.ReadFeedAsync("?wait=50")).ShouldBeOk();
        (await project.ReadFeedAsync("?after=now&wait=50")).ShouldBeError(HttpStatusCode.ServiceUnavailable);

        await project.DeleteAsync(id);
        (await held).ShouldBeOk();
    }

    [Test]
    public async Task Change_by_a_transaction_that_began_earlier_comes_after_the_change_that_it_follows()
    {
        var project = new Project();
        var id = (await project.CreateAsync("""{"config_id": "c", "server_id": "s", "timeout": 3600}""")).Id;
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        await using var earlier = await connection.BeginTransactionAsync();
        await using (var begin = new NpgsqlCommand("SELECT pg_current_xact_id()", connection))
        {
            await begin.ExecuteNonQueryAsync();
        }

        await project.UpdateAsync(id, """{"status_reason": "second"}""");
        await using (var lockRows = new LockDeploymentsCommand())
        await using (var update = new UpdateDeploymentsCommand())
        {
            var kept = new GroupConnection(connection, keepsSession: true);
            await lockRows.UseAsync(kept, CancellationToken.None);
            await update.UseAsync(kept, CancellationToken.None);
            lockRows.Add(project.Id, Guid.Parse(id));
            var row = (await lockRows.ExecuteAsync(CancellationToken.None)).Values.Single()!;
            row.Current.Expire(DateTimeOffset.UtcNow.AddDays(1)).ShouldBeTrue();
            update.Add(row.Current, row.Before, new Caller(project.Id, "tests", "req-earlier"), laterVersions: 0);
            await update.CommitAsync(CancellationToken.None);
        }

        var events = await ReadAsync(project, 3);

        events.Select(entry => entry.GetProperty("version").GetInt32()).ShouldBe([1, 2, 3]);
    }

    [Test]
    public async Task Get_with_an_entity_tag_waits_until_it_is_another()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "s", "status": "COMPLETE"}""");
        var held = project.GetAsync($"{created.Id}?wait=50", headers: ("If-None-Match", created.EntityTag));
        await WaitUntilHeldAsync(service, 1);

        var changed = await project.UpdateAsync(created.Id, """{"status_reason": "later"}""");

        (await held).ShouldBeOk().EntityTag.ShouldBe(changed.EntityTag);
        (await project.GetAsync($"{created.Id}?wait=50", headers: ("If-None-Match", created.EntityTag))).ShouldBeOk();
        (await project.GetAsync($"{created.Id}?wait=50", headers: ("If-None-Match", "\"2\""))).ShouldBeOk();
        (await project.GetAsync($"{created.Id}?wait=1", headers: ("If-None-Match", $"W/{changed.EntityTag}"))).Status.ShouldBe(HttpStatusCode.NotModified);
    }

    [Test]
    public async Task Get_waits_until_the_deployment_has_ended_and_returns_404_if_it_is_deleted()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var (one, other) = ((await project.CreateAsync(Project.Minimal)).Id, (await project.CreateAsync(Project.Minimal)).Id);
        var (ending, deleting) = (project.GetAsync($"{one}?wait=50"), project.GetAsync($"{other}?wait=50"));
        await WaitUntilHeldAsync(service, 2);

        await project.UpdateAsync(one, """{"status_reason": "still in progress"}""");
        await project.UpdateAsync(one, """{"status": "FAILED"}""");
        await project.DeleteAsync(other);

        (await ending).Deployment.GetProperty("status").GetString().ShouldBe("FAILED");
        (await deleting).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("0")]
    [TestCase("51")]
    [TestCase("x")]
    public async Task Get_with_an_invalid_wait_returns_400(string wait)
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.GetAsync($"{id}?wait={wait}")).ShouldBeError(HttpStatusCode.BadRequest, "wait");
    }

    [Test]
    public async Task Get_that_waits_with_any_entity_tag_returns_400()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.GetAsync($"{id}?wait=1", headers: ("If-None-Match", "*"))).ShouldBeError(HttpStatusCode.BadRequest, "If-None-Match");
    }

    [Test]
    public async Task Stopping_service_answers_held_requests_at_once()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        var cursor = NextOf(await project.ReadFeedAsync("?after=now"));
        var held = new[] { project.ReadFeedAsync($"?after={cursor}&wait=50&server_id=none"), project.GetAsync($"{id}?wait=50") };

        await WaitUntilHeldAsync(service, held.Length);

        service.Lifetime.StopApplication();

        (await Task.WhenAll(held)).ShouldAllBe(response => response.Status == HttpStatusCode.OK);
    }

    private static async Task WaitUntilHeldAsync(Service service, int count)
    {
        while (service.Waiting < count)
        {
            await Task.Delay(10);
        }
    }

    /// <summary>Reads the feed until it has so many events.</summary>
    private static async Task<IReadOnlyList<JsonElement>> ReadAsync(Project project, int count, string? after = null)
    {
        var events = new List<JsonElement>();
        while (events.Count < count)
        {
            var page = await project.ReadFeedAsync($"?wait=50{(after is null ? string.Empty : $"&after={after}")}");
            page.Items.ShouldNotBeEmpty();
            events.AddRange(page.Items);
            after = NextOf(page);
        }

        return events;
    }

    /// <summary>The page that has so many events.</summary>
    private static async Task<ApiResponse> ReadPageAsync(Project project, int count)
    {
        await ReadAsync(project, count);
        return await project.ReadFeedAsync($"?limit={count}");
    }

    private static string NextOf(ApiResponse page) => page.ShouldBeOk().Json.GetProperty("next").GetString()!;

    private static IReadOnlyList<string?> Texts(IReadOnlyList<JsonElement> events, string member) =>
        [.. events.Select(entry => entry.GetProperty(member).GetString())];

    private static async Task<bool> IsIncompleteAsync(string id)
    {
        await using var ask = TestRun.Database.CreateCommand("SELECT bool_or(deleted IS NULL) FROM deployment_events WHERE deployment_id = $1");
        ask.Parameters.Add(new() { Value = Guid.Parse(id) });
        return (bool)(await ask.ExecuteScalarAsync())!;
    }
}
