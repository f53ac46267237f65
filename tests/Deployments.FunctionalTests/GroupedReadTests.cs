using System.Diagnostics;
using System.Net;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.FunctionalTests.Support;
using Deployments.Infrastructure.GroupedReads;
using Microsoft.Extensions.Options;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What is read at once, and so by the same statements.</summary>
public sealed class GroupedReadTests
{
    private const string NotRead = "00000000-0000-0000-0000-000000000001";

    [Test]
    public async Task Reads_at_once_by_several_projects_each_return_their_own_deployment()
    {
        var (owner, second, stranger) = (new Project(), new Project(), new Project());
        var own = (await owner.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 40))).Ids;
        var shared = (await owner.CreateSharedAsync(second)).Id;

        var responses = await Task.WhenAll(
        [
            .. own.Concat(own).Append(shared).Select(id => owner.GetAsync(id)),
            second.GetAsync(shared),
            stranger.GetAsync(shared), second.GetAsync(own[0]), owner.GetAsync(Guid.CreateVersion7().ToString()),
        ]);

        responses[..^3].Select(response => response.Id).ShouldBe(own.Concat(own).Append(shared).Append(shared));
        responses[^3..].ShouldAllBe(response => response.Status == HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Documents_read_at_once_each_have_the_deployments_of_their_own_server()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        var servers = Enumerable.Range(0, 12).ToList();
        var expected = await Task.WhenAll(servers.Select(async server =>
        {
            var ids = new List<string>();
            for (var number = 0; number < server % 4; number++)
            {
                ids.Add((await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "{{server}}"}""")).Id);
            }

            return (Agent: await Agent.CreateAsync(project, $"{server}"), Ids: ids);
        }));

        var documents = await Task.WhenAll(expected.Concat(expected).Select(one => one.Agent.ReadItemsAsync()));

        documents.Select(items => items.Select(item => item.GetProperty("id").GetString()!).ToList()).ShouldBe(expected.Concat(expected).Select(one => one.Ids));
    }

    [Test]
    public async Task Read_that_fails_fails_no_other_read_of_its_group()
    {
        using var reader = CreateReader($"1 / CASE WHEN id = '{NotRead}' THEN 0 ELSE 1 END", new TimeBudgets());

        var (unread, others) = ReadTogether(reader);

        (await Should.ThrowAsync<PostgresException>(unread)).SqlState.ShouldBe(PostgresErrorCodes.DivisionByZero);
        (await others).ShouldAllBe(pair => pair.Found == pair.Id);
    }

    [Test]
    public async Task Read_that_hangs_fails_no_other_read_of_its_group()
    {
        using var reader = CreateReader(
            $"CASE WHEN id = '{NotRead}' THEN pg_sleep(3600) END", new TimeBudgets { Request = TimeSpan.FromSeconds(2) });

        var (unread, others) = ReadTogether(reader);

        (await others).ShouldAllBe(pair => pair.Found == pair.Id);
        await Should.ThrowAsync<UnavailableException>(unread);
    }

    [Test]
    public async Task Statement_for_which_nobody_waits_any_more_is_cancelled()
    {
        var statement = $"{Guid.NewGuid()}";
        using var reader = CreateReader($"CASE WHEN '{statement}' <> '' THEN pg_sleep(3600) END", new TimeBudgets { Request = TimeSpan.FromHours(1) });
        using var leave = new CancellationTokenSource();
        var reads = Enumerable.Range(0, 20).Select(_ => reader.ReadAsync(new("p", Guid.CreateVersion7()), leave.Token)).ToList();
        await UntilRunningAsync(isRunning: true);

        await leave.CancelAsync();

        foreach (var read in reads)
        {
            await Should.ThrowAsync<UnavailableException>(read);
        }

        await UntilRunningAsync(isRunning: false);

        async Task UntilRunningAsync(bool isRunning)
        {
            await using var running = TestRun.Database.CreateCommand(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND strpos(query, $1) > 0)");
            running.Parameters.AddWithValue(statement);
            for (var waited = Stopwatch.StartNew(); (bool)(await running.ExecuteScalarAsync())! != isRunning;)
            {
                waited.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1));
                await Task.Delay(TimeSpan.FromMilliseconds(10));
            }
        }
    }

    [Test]
    public async Task Read_after_an_acknowledged_update_returns_it_while_others_read_the_same_deployments()
    {
        const int writers = 8;
        const int updates = 100;
        var project = new Project();
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, writers))).Ids;
        using var end = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).SelectMany(_ => ids).Select(ReadUntilTheEndAsync).ToList();

        var stale = await Task.WhenAll(ids.Select(async id =>
        {
            var count = 0;
            for (var number = 0; number < updates; number++)
            {
                var updated = await project.UpdateAsync(id, $$"""{"status_reason": "{{number}}"}""");
                count += (await project.GetAsync(id)).Text == updated.ShouldBeOk().Text ? 0 : 1;
            }

            return count;
        }));
        await end.CancelAsync();
        await Task.WhenAll(readers);

        stale.ShouldAllBe(count => count == 0);

        async Task ReadUntilTheEndAsync(string id)
        {
            while (!end.IsCancellationRequested)
            {
                (await project.GetAsync(id)).ShouldBeOk();
            }
        }
    }

    /// <summary>A reader of ids, which evaluates an expression for each of them, and takes so long that the others are queued meanwhile.</summary>
    private static GroupReader<RowKey, string> CreateReader(string expression, TimeBudgets budgets) => new(
        new(RowKey.AddColumns, relation => $"SELECT number, id::text, {expression}, pg_sleep(0.01) FROM {relation}", (row, _) => row.GetString(1)),
        TestRun.Database,
        Options.Create(budgets),
        TimeProvider.System);

    /// <summary>Reads the id that is not read in the middle of many others.</summary>
    private static (Task Unread, Task<(string Id, string? Found)[]> Others) ReadTogether(GroupReader<RowKey, string> reader)
    {
        var unread = Task.CompletedTask;
        var others = new List<Task<(string, string?)>>();
        for (var number = 0; number < 40; number++)
        {
            var id = Guid.CreateVersion7();
            others.Add(ReadAsync(id));
            unread = number == 20 ? ReadAsync(Guid.Parse(NotRead)) : unread;
        }

        return (unread, Task.WhenAll(others));

        async Task<(string, string?)> ReadAsync(Guid id)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            return ($"{id}", await reader.ReadAsync(new("p", id), deadline.Token));
        }
    }
}
