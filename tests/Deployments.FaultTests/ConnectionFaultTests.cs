using System.Diagnostics;
using System.Net;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>Connections between the service and its database break under load.</summary>
public sealed class ConnectionFaultTests
{
    private static readonly TimeSpan BetweenTerminations = TimeSpan.FromMilliseconds(50);

    [Test]
    public async Task Post_while_statements_and_responses_of_the_database_are_lost_leaves_no_deployment_missing_or_duplicate()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var proxy = new Proxy(postgres.ConnectionString);
        proxy.Open();
        await using var services = await Services.StartAsync(proxy.ConnectionString, 2);
        await using var load = ClosedLoopLoad.Start(services);

        proxy.LosesOneIn = 20;
        while (proxy.LostStatements < TestScale.Cuts || proxy.LostResponses < TestScale.Cuts)
        {
            await load.AcknowledgeAsync(1);
        }

        proxy.LosesOneIn = 0;
        await load.StopAsync();
        await load.ShouldHoldAsync(postgres, $"{proxy.LostStatements} cuts before a statement, {proxy.LostResponses} before its response");
        load.Slowest.ShouldBeLessThan(ServiceLevels.Response);
        load.Failed.ShouldBeEmpty();
    }

    [Test]
    public async Task Post_while_backends_are_terminated_and_rows_are_rejected_fails_no_other_row([Values] bool keyed)
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        await postgres.ExecuteAsync(
            $"ALTER TABLE software_deployments ADD CONSTRAINT ck_of_the_test CHECK (server_id <> '{ClosedLoopLoad.RejectedServer}')");
        await using var load = ClosedLoopLoad.Start(services, writers: 64, keyed, rejectedOneIn: 500);

        var terminated = 0L;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TestScale.Termination || load.Failed.Count == 0; await Task.Delay(BetweenTerminations))
        {
            terminated += await postgres.CountAsync(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
        }

        await load.StopAsync();
        await load.ShouldHoldAsync(postgres, $"{terminated} backends terminated");
        load.Failed.Values.ShouldNotBeEmpty();
        load.Failed.Values.ShouldAllBe(failure => failure.StartsWith($"{ClosedLoopLoad.RejectedServer}: 5", StringComparison.Ordinal));
        load.Slowest.ShouldBeLessThan(ServiceLevels.Response);
    }

    [Test]
    public async Task Service_recovers_within_6_seconds_after_its_database_vanishes_from_all_existing_connections()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var proxy = new Proxy(postgres.ConnectionString);
        proxy.Open();
        await using var services = await Services.StartAsync(proxy.ConnectionString, 1);
        using var client = new Client();
        await using (var load = ClosedLoopLoad.Start(services, writers: 64))
        {
            // Reads, so that the pool has as many connections as it may have.
            await load.AcknowledgeAsync(200);
            var id = load.Acknowledged.Values.First();
            await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.SendAsync(services[0], HttpMethod.Get, $"/{id}")));

            proxy.SwallowExistingConnections();
            var watch = Stopwatch.StartNew();
            await load.AcknowledgeAsync(1);
            var stored = watch.Elapsed;
            while ((await client.SendAsync(services[0], HttpMethod.Get, $"/{id}")).Status != HttpStatusCode.OK)
            {
                // The connection was one that leads nowhere.
            }

            await load.StopAsync();
            await load.ShouldHoldAsync(postgres, $"stored again after {stored.TotalSeconds:F2} s, read again after {watch.Elapsed.TotalSeconds:F2} s");
            watch.Elapsed.ShouldBeLessThan(ServiceLevels.Recovery + TimeSpan.FromSeconds(1));
        }
    }
}
