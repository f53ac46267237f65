using Deployments.FaultTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>
/// Watchers of the change feed while instances and the database fail under load: each has seen every stored event once, and in the order of
/// the feed.
/// </summary>
public sealed class ChangeFeedFaultTests
{
    private const string Project = "faults";
    private const int Instances = 3;
    private const int Watchers = 20;
    private const int BetweenFaults = 300;

    [Test]
    public async Task Watch_while_transactions_commit_late_skips_and_repeats_nothing()
    {
        await using var postgres = await Postgres.StartAsync();
        await RunAsync(postgres, postgres.ConnectionString, async (_, load) =>
        {
            using var stopping = new CancellationTokenSource();
            var late = Enumerable.Range(0, 4).Select(_ => Task.Run(() => CommitLateAsync(postgres, stopping.Token))).ToList();
            await load.AcknowledgeAsync(BetweenFaults * TestScale.Kills);
            await stopping.CancelAsync();
            return $"{(await Task.WhenAll(late)).Sum()} late commits";
        });
    }

    [Test]
    public async Task Watch_while_connections_are_terminated_skips_and_repeats_nothing()
    {
        await using var postgres = await Postgres.StartAsync();
        await RunAsync(postgres, postgres.ConnectionString, async (_, load) =>
        {
            for (var round = 0; round < TestScale.Kills; round++)
            {
                await load.AcknowledgeAsync(BetweenFaults);
                await postgres.ExecuteAsync(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
            }

            await load.AcknowledgeAsync(BetweenFaults);
            return $"all connections terminated {TestScale.Kills} times";
        });
    }

    [Test]
    public async Task Watch_while_instances_are_killed_and_stopped_skips_and_repeats_nothing()
    {
        await using var postgres = await Postgres.StartAsync();
        await RunAsync(postgres, postgres.ConnectionString, async (services, load) =>
        {
            for (var kill = 0; kill < TestScale.Kills; kill++)
            {
                await load.AcknowledgeAsync(BetweenFaults);
                var service = services[kill % Instances];
                if (kill % 2 == 0)
                {
                    await service.KillAsync();
                }
                else
                {
                    await service.StopAsync();
                }

                await service.RestartAsync();
            }

            await load.AcknowledgeAsync(BetweenFaults);
            return $"{TestScale.Kills} instances killed or stopped";
        });
    }

    [Test]
    public async Task Watch_while_the_database_is_killed_skips_and_repeats_nothing()
    {
        await using var postgres = await Postgres.StartAsync();
        await RunAsync(postgres, postgres.ConnectionString, async (_, load) =>
        {
            for (var kill = 0; kill < TestScale.Kills; kill++)
            {
                await load.AcknowledgeAsync(BetweenFaults);
                await postgres.KillAsync();
                await postgres.StartServerAsync();
            }

            await load.AcknowledgeAsync(BetweenFaults);
            return $"database killed {TestScale.Kills} times";
        });
    }

    [Test]
    public async Task Watch_during_failover_to_a_standby_begins_anew_and_sees_everything()
    {
        await using var one = await Postgres.StartAsync();
        await using var other = await one.StartStandbyAsync();
        await RunAsync(other, one.ConnectionStringWith(other), async (_, load) =>
        {
            await load.AcknowledgeAsync(BetweenFaults);
            await one.KillAsync();
            await other.PromoteAsync();
            await load.AcknowledgeAsync(BetweenFaults);
            return "one failover";
        });
    }

    [Test]
    public async Task Watch_while_the_database_is_replaced_by_a_dump_in_another_cluster_begins_anew_and_sees_everything()
    {
        await using var one = await Postgres.StartAsync();
        await using var other = await one.StartAnotherAsync();
        await RunAsync(other, one.ConnectionStringWith(other), async (services, load) =>
        {
            await load.AcknowledgeAsync(BetweenFaults * TestScale.Kills);
            await load.StopAsync(); // a dump does not have what comes after it
            await other.RestoreAsync(one);
            await one.KillAsync();
            await using var later = MixedLoad.Start(services.Addresses, Project);
            await later.AcknowledgeAsync(BetweenFaults);
            await later.StopAsync();
            return $"one restore, and {later.Acknowledged} requests acknowledged after it";
        });
    }

    private static async Task RunAsync(Postgres postgres, string connectionString, Func<Services, MixedLoad, Task<string>> fail)
    {
        await using var services = await Services.StartAsync(connectionString, Instances);
        await using var load = MixedLoad.Start(services.Addresses, Project);
        await using var watchers = FeedWatchers.Start(services.Addresses, Project, Watchers);

        var what = await fail(services, load);

        await load.StopAsync();
        using var client = new Client(Project);
        var last = await client.CreateAsync(services[0], "the last");
        await watchers.SeeAsync(last.Id);
        var events = await watchers.CompareAsync(postgres, load.Acknowledgements);
        FaultRun.Report(
            $"{what}; acknowledged {load.Acknowledged}, failed {load.Failed}; {events.Stored} events for each of {Watchers} watchers: {events}; "
            + $"{watchers.Streams} streams, begun anew {watchers.Gone}");
        events.IsExact.ShouldBeTrue();
    }

    /// <summary>Transactions that take their id early and commit their event late.</summary>
    private static async Task<int> CommitLateAsync(Postgres postgres, CancellationToken stoppingToken)
    {
        var commits = 0;
        for (; !stoppingToken.IsCancellationRequested; commits++)
        {
            await using var connection = await postgres.Administration.OpenConnectionAsync(CancellationToken.None);
            await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
            await using (var begin = new NpgsqlCommand("SELECT pg_current_xact_id()", connection))
            {
                await begin.ExecuteNonQueryAsync(CancellationToken.None);
            }

            await Task.Delay(Random.Shared.Next(300), CancellationToken.None);
            await using (var insert = new NpgsqlCommand(
                """
                INSERT INTO deployment_events (
                    project_id, deployment_id, version, time, status, actor, request_id, server_id, config_id, deleted)
                VALUES (@project, gen_random_uuid(), 1, now(), 'COMPLETE', 'late', 'req-late', 's', 'c', false)
                """,
                connection))
            {
                insert.Parameters.AddWithValue("project", Project);
                await insert.ExecuteNonQueryAsync(CancellationToken.None);
            }

            await transaction.CommitAsync(CancellationToken.None);
        }

        return commits;
    }
}
