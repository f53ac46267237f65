using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>Many callers change the same few deployments over two instances while connections to the database break.</summary>
public sealed class UpdateFaultTests
{
    private const int Deployments = 8;
    private const int Callers = 32;
    private static readonly TimeSpan BetweenTerminations = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    [Test]
    public async Task Put_while_statements_and_responses_of_the_database_are_lost_loses_and_repeats_no_update()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var proxy = new Proxy(postgres.ConnectionString);
        proxy.Open();

        await RunAsync(postgres, proxy.ConnectionString, async () =>
        {
            proxy.LosesOneIn = 20;
            while (proxy.LostStatements < TestScale.Cuts || proxy.LostResponses < TestScale.Cuts)
            {
                await Task.Delay(Pause);
            }

            proxy.LosesOneIn = 0;
            return $"{proxy.LostStatements} cuts before a statement, {proxy.LostResponses} before its response";
        });
    }

    [Test]
    public async Task Put_while_backends_are_terminated_loses_and_repeats_no_update()
    {
        await using var postgres = await Postgres.StartAsync();

        await RunAsync(postgres, postgres.ConnectionString, async () =>
        {
            var terminated = 0L;
            for (var watch = Stopwatch.StartNew(); watch.Elapsed < TestScale.Termination; await Task.Delay(BetweenTerminations))
            {
                terminated += await postgres.CountAsync(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
            }

            return $"{terminated} backends terminated";
        });
    }

    private static async Task RunAsync(Postgres postgres, string connectionString, Func<Task<string>> fail)
    {
        await using var services = await Services.StartAsync(connectionString, 2);
        using var client = new Client();
        var ids = new List<Guid>();
        for (var number = 0; number < Deployments; number++)
        {
            ids.Add((await client.CreateAsync(services[0], $"{number}")).Id);
        }

        var updates = new ConcurrentBag<(Guid Id, string Reason, Outcome Outcome)>();
        using var stopping = new CancellationTokenSource();
        var calling = Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(caller))));
        var fault = await fail();
        await stopping.CancelAsync();
        await calling;

        var stored = await ReadEventsAsync(postgres);
        var acknowledged = updates.Where(update => update.Outcome.Status == HttpStatusCode.OK).ToList();
        var versions = stored.ToLookup(entry => (entry.Id, entry.Reason), entry => entry.Version);

        // After an unknown outcome the response is the current deployment, which may have changed again.
        var lost = acknowledged.Count(update => !versions[(update.Id, update.Reason)].Any(version => version <= VersionOf(update.Outcome)));
        var repeated = stored.Count - versions.Count;
        var gaps = await postgres.CountAsync(
            """
            SELECT count(*) FROM software_deployments AS deployment
            WHERE version <> (SELECT count(*) FROM deployment_events WHERE deployment_id = deployment.id)
                OR version <> (SELECT max(version) FROM deployment_events WHERE deployment_id = deployment.id)
                OR status_reason <> (SELECT status_reason FROM deployment_events WHERE deployment_id = deployment.id ORDER BY version DESC LIMIT 1)
            """);
        var slowest = updates.Max(update => update.Outcome.Time);
        FaultRun.Report(
            $"{fault}; updates {string.Join(", ", updates.GroupBy(update => update.Outcome.Status).Select(status => $"{(int?)status.Key} × {status.Count()}"))}; "
            + $"stored {stored.Count}, acknowledged and lost {lost}, repeated {repeated}, rows that differ from their events {gaps}; "
            + $"slowest response {slowest.TotalSeconds:F2} s");
        acknowledged.ShouldNotBeEmpty();
        updates.ShouldAllBe(update => update.Outcome.Status == HttpStatusCode.OK || update.Outcome.Status == HttpStatusCode.ServiceUnavailable);
        (lost, repeated, gaps).ShouldBe((0, 0, 0));
        slowest.ShouldBeLessThan(ServiceLevels.Response);

        async Task CallAsync(int turn)
        {
            for (; !stopping.IsCancellationRequested; turn++)
            {
                var (id, reason) = (ids[Random.Shared.Next(ids.Count)], $"{Guid.NewGuid()}");
                var outcome = await client.SendAsync(
                    services[turn % services.Count], HttpMethod.Put, $"/{id}", $$"""{"status_reason": "{{reason}}"}""");
                updates.Add((id, reason, outcome));
            }
        }
    }

    private static async Task<IReadOnlyList<(Guid Id, int Version, string Reason)>> ReadEventsAsync(Postgres postgres)
    {
        await using var select = postgres.Administration.CreateCommand(
            "SELECT deployment_id, version, status_reason FROM deployment_events WHERE version > 1");
        await using var rows = await select.ExecuteReaderAsync();
        var events = new List<(Guid, int, string)>();
        while (await rows.ReadAsync())
        {
            events.Add((rows.GetGuid(0), rows.GetInt32(1), rows.GetString(2)));
        }

        return events;
    }

    private static int VersionOf(Outcome outcome) =>
        int.Parse(outcome.Response!.EntityTag.Trim('"').Split('-')[0], CultureInfo.InvariantCulture);
}
