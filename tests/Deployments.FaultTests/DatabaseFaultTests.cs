using System.Net;
using Deployments.FaultTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>The database fails under load and recovers.</summary>
public sealed class DatabaseFaultTests
{
    private const int BetweenFaults = 200;

    [Test]
    public async Task Post_while_the_database_is_killed_and_restarted_loses_and_duplicates_nothing()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        await using var load = ClosedLoopLoad.Start(services);
        var recoveries = new List<TimeSpan>();

        for (var kill = 0; kill < TestScale.Kills; kill++)
        {
            await load.AcknowledgeAsync(BetweenFaults);
            await postgres.KillAsync();
            await postgres.StartServerAsync();
            recoveries.Add(await load.AcknowledgeAsync(1));
        }

        await load.StopAsync();
        await load.ShouldHoldAsync(postgres, $"{TestScale.Kills} kills, slowest recovery {recoveries.Max().TotalSeconds:F2} s");
        recoveries.Max().ShouldBeLessThan(ServiceLevels.Recovery);
        load.Slowest.ShouldBeLessThan(ServiceLevels.Response);
        load.Failed.ShouldBeEmpty();
    }

    [Test]
    public async Task Post_during_failover_to_a_standby_keeps_every_acknowledged_deployment()
    {
        await using var one = await Postgres.StartAsync();
        await using var other = await one.StartStandbyAsync();
        await using var services = await Services.StartAsync(one.ConnectionStringWith(other), 2);
        await using var load = ClosedLoopLoad.Start(services);
        var (primary, standby) = (one, other);
        var recoveries = new List<TimeSpan>();

        for (var failover = 0; failover < TestScale.Failovers; failover++)
        {
            await load.AcknowledgeAsync(BetweenFaults);
            await primary.KillAsync();
            await standby.PromoteAsync();
            recoveries.Add(await load.AcknowledgeAsync(1));

            (primary, standby) = (standby, primary);
            await standby.FollowAsync(primary);
        }

        await load.StopAsync();
        await load.ShouldHoldAsync(primary, $"{TestScale.Failovers} failovers, slowest recovery {recoveries.Max().TotalSeconds:F2} s");
        recoveries.Max().ShouldBeLessThan(ServiceLevels.Failover);
        load.Slowest.ShouldBeLessThan(ServiceLevels.Response);
        load.Failed.ShouldBeEmpty();
    }

    [Test]
    public async Task Post_while_the_database_is_paused_returns_503_in_time_and_uses_bounded_memory()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        await using var load = ClosedLoopLoad.Start(services);
        await load.AcknowledgeAsync(1_000);
        var before = services[0].Memory;

        double max;
        using (postgres.Pause())
        {
            max = await services[0].MaxMemoryAsync(TestScale.Silence);
        }

        var recovery = await load.AcknowledgeAsync(1);
        max = Math.Max(max, services[0].Memory);

        await load.StopAsync();
        await load.ShouldHoldAsync(
            postgres,
            $"paused for {TestScale.Silence.TotalSeconds} s, recovery {recovery.TotalSeconds:F2} s, memory {before:F0} and at most {max:F0} MiB");
        load.Unavailable.ShouldBePositive();
        recovery.ShouldBeLessThan(ServiceLevels.Recovery);
        load.Slowest.ShouldBeLessThan(ServiceLevels.Response);
        (max - before).ShouldBeLessThan(ServiceLevels.MemoryGrowth);
        load.Failed.ShouldBeEmpty();
    }

    [Test]
    public async Task Reads_at_once_from_a_paused_database_each_return_503_in_time()
    {
        const int reads = 24;
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        await ReadAsync(); // over connections that are idle afterwards

        Outcome[] outcomes;
        using (postgres.Pause())
        {
            outcomes = await ReadAsync();
        }

        TestContext.Out.WriteLine($"{reads} reads at once: the slowest in {outcomes.Max(outcome => outcome.Time).TotalSeconds:F2} s");
        outcomes.ShouldAllBe(outcome => outcome.Response!.Status == HttpStatusCode.ServiceUnavailable);
        outcomes.Max(outcome => outcome.Time).ShouldBeLessThan(ServiceLevels.Response);

        Task<Outcome[]> ReadAsync() =>
            Task.WhenAll(Enumerable.Range(0, reads).Select(_ => client.SendAsync(services[0], HttpMethod.Get, "?limit=1")));
    }

    [Test]
    public async Task Requests_while_the_database_has_no_free_connection_return_503_in_time()
    {
        const int connections = 20;
        await using var postgres = await Postgres.StartAsync($"max_connections={connections}");
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        await using var load = ClosedLoopLoad.Start(services);
        using var client = new Client();
        await load.AcknowledgeAsync(BetweenFaults);

        List<Outcome> outcomes;
        var taken = await TakeConnectionsAsync(postgres, connections);
        try
        {
            outcomes = [.. await Task.WhenAll(services.SelectMany(service => new[]
            {
                client.CreateAsync(service, "never stored"),
                client.SendAsync(service, HttpMethod.Get, "?limit=1"),
                client.SendAsync(service, HttpMethod.Get, $"/{Guid.CreateVersion7()}"),
            }))];
        }
        finally
        {
            foreach (var connection in taken)
            {
                await connection.DisposeAsync();
            }
        }

        var recovery = await load.AcknowledgeAsync(1);
        await load.StopAsync();
        await load.ShouldHoldAsync(
            postgres,
            $"{string.Join(", ", outcomes.Select(outcome => $"{(int?)outcome.Status} in {outcome.Time.TotalSeconds:F2} s"))}, "
            + $"recovery {recovery.TotalSeconds:F2} s");
        outcomes.ShouldAllBe(outcome => outcome.Status == HttpStatusCode.ServiceUnavailable);
        outcomes.ShouldAllBe(outcome => outcome.Time < ServiceLevels.Response);
        recovery.ShouldBeLessThan(ServiceLevels.Recovery);
        load.Slowest.ShouldBeLessThan(ServiceLevels.Response);
        load.Failed.ShouldBeEmpty();
    }

    /// <summary>Terminates all other connections until its own are as many as the server allows.</summary>
    private static async Task<IReadOnlyList<NpgsqlConnection>> TakeConnectionsAsync(Postgres postgres, int number)
    {
        var taken = new List<NpgsqlConnection> { await postgres.Administration.OpenConnectionAsync() };
        while (taken.Count < number)
        {
            await using var end = new NpgsqlCommand(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL (@own)", taken[0]);
            end.Parameters.AddWithValue("own", taken.Select(connection => connection.ProcessID).ToArray());
            await end.ExecuteNonQueryAsync();
            try
            {
                taken.Add(await postgres.Administration.OpenConnectionAsync());
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.TooManyConnections)
            {
                // A connection of the service was faster, or is still being closed.
            }
        }

        return taken;
    }
}
