using System.Net;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Deployments that are read at once, and so by the same statements.</summary>
public sealed class GroupedReadTests
{
    private const int StatementsAtOnce = 2;

    private const string ReadsThatWait =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT number%'";

    private NpgsqlDataSource database = null!;
    private Service service = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        service = await Service.StartReadyAsync(connectionString);
        database = NpgsqlDataSource.Create(connectionString);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await database.DisposeAsync();
        await service.DisposeAsync();
    }

    [Test]
    public async Task Reads_that_wait_together_each_return_their_own_deployment()
    {
        var (owner, second, stranger) = (new Project(service), new Project(service), new Project(service));
        var own = (await owner.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 40))).Ids;
        var shared = (await owner.CreateSharedAsync(second)).Id;

        var responses = await SendTogetherAsync(() => Task.WhenAll(
        [
            .. own.Concat(own).Append(shared).Select(id => owner.GetAsync(id)),
            second.GetAsync(shared),
            stranger.GetAsync(shared), second.GetAsync(own[0]), owner.GetAsync(Guid.CreateVersion7().ToString()),
        ]));

        responses[..^3].Select(response => response.Id).ShouldBe(own.Concat(own).Append(shared).Append(shared));
        responses[^3..].ShouldAllBe(response => response.Status == HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Deployment_that_cannot_be_read_fails_no_other_read()
    {
        var project = new Project(service);
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 30))).Ids;
        await using (var spoil = database.CreateCommand("UPDATE software_deployments SET input_values = '[1]' WHERE id = $1"))
        {
            spoil.Parameters.AddWithValue(Guid.Parse(ids[17]));
            await spoil.ExecuteNonQueryAsync();
        }

        var responses = await SendTogetherAsync(() => Task.WhenAll(ids.Select(id => project.GetAsync(id))));

        responses[17].ShouldBeError(HttpStatusCode.InternalServerError);
        responses.Where((_, index) => index != 17).Select(response => response.Id).ShouldBe(ids.Where((_, index) => index != 17));
    }

    [Test]
    public async Task Read_after_an_acknowledged_update_returns_it_while_others_read_the_same_deployments()
    {
        const int writers = 8;
        const int updates = 100;
        var project = new Project(service);
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

    /// <summary>Sends requests while as many statements as may be sent at once wait for a lock, so that the requests wait together.</summary>
    private async Task<T> SendTogetherAsync<T>(Func<Task<T>> send)
    {
        var project = new Project(service);
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, StatementsAtOnce))).Ids;
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var take = new NpgsqlCommand("LOCK TABLE software_deployments IN ACCESS EXCLUSIVE MODE", connection);
        await take.ExecuteNonQueryAsync();

        var before = new List<Task<ApiResponse>>();
        foreach (var id in ids)
        {
            before.Add(project.GetAsync(id));
            await using var count = database.CreateCommand(ReadsThatWait);
            while ((long)(await count.ExecuteScalarAsync())! < before.Count)
            {
                await Task.Delay(10);
            }
        }

        var sent = send();
        await transaction.RollbackAsync();
        (await Task.WhenAll(before)).Select(response => response.Id).ShouldBe(ids);
        return await sent;
    }
}
