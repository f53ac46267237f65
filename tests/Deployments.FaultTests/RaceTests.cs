using System.Diagnostics;
using System.Net;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>Instances of the service get into each other's way.</summary>
public sealed class RaceTests
{
    private const int Attempts = 30;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    [Test]
    public async Task Twins_by_key_are_one_row_and_both_are_told_of_it()
    {
        const int pairs = 1_000;
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        using var client = new Client();

        var refusals = 0;
        var twins = await Task.WhenAll(Enumerable.Range(0, pairs).Select(pair => Task.WhenAll(
            services.Select(service => CreateAsync(service, $"twin-{pair}")))));

        var rows = await postgres.CountAsync("SELECT count(*) FROM software_deployments");
        var events = await postgres.CountAsync("SELECT count(*) FROM deployment_events");
        FaultRun.Report(
            $"{pairs} pairs, answered {Tally(twins.SelectMany(pair => pair))}, of which replays {twins.Sum(pair => pair.Count(twin => twin.IsReplay))}; 503 × {refusals}; "
            + $"rows {rows}, events {events}");
        twins.SelectMany(pair => pair).ShouldAllBe(twin => twin.Status == HttpStatusCode.OK);
        twins.ShouldAllBe(pair => pair[0].Id == pair[1].Id);
        twins.ShouldAllBe(pair => pair.Count(twin => !twin.IsReplay) <= 1);
        rows.ShouldBe(pairs);
        events.ShouldBe(pairs);

        // On a machine that is too busy for so many at once some are refused, and sent again.
        async Task<Outcome> CreateAsync(ServiceProcess service, string name)
        {
            for (var attempt = 1; ; attempt++)
            {
                var outcome = await client.CreateAsync(service, name, key: name);
                if (outcome.Status != HttpStatusCode.ServiceUnavailable || attempt == Attempts)
                {
                    return outcome;
                }

                Interlocked.Increment(ref refusals);
                await Task.Delay(RetryAfter);
            }
        }
    }

    [Test]
    public async Task Of_two_writers_with_one_entity_tag_one_wins_every_round()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        using var client = new Client();
        var created = await client.CreateAsync(services[0], "contested");
        var tag = created.Response!.EntityTag;
        var outcomes = new List<Outcome>();

        for (var round = 0; round < TestScale.ConditionalRounds; round++)
        {
            var pair = await Task.WhenAll(services.Select((service, writer) => client.SendAsync(
                service, HttpMethod.Put, $"/{created.Id}", $$"""{"status_reason": "{{round}} by {{writer}}"}""", ("If-Match", tag))));
            outcomes.AddRange(pair);
            pair.Select(outcome => outcome.Status).ShouldBe(
                [HttpStatusCode.OK, HttpStatusCode.PreconditionFailed], ignoreOrder: true, $"In round {round}");
            tag = pair.Single(outcome => outcome.Status == HttpStatusCode.OK).Response!.EntityTag;
        }

        var events = await postgres.CountAsync("SELECT count(*) FROM deployment_events");
        FaultRun.Report($"{TestScale.ConditionalRounds} rounds, answered {Tally(outcomes)}; events {events}");
        events.ShouldBe(1 + TestScale.ConditionalRounds);
    }

    [Test]
    public async Task Deployments_due_at_once_expire_once_each_and_in_time()
    {
        const int number = 1_000;
        var timeout = TimeSpan.FromSeconds(3);
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 3);
        using var client = new Client();
        var one = $$"""{"config_id": "due", "server_id": "web-1", "timeout": {{timeout.TotalSeconds}}}""";
        var body = $$"""{"software_deployments": [{{string.Join(',', Enumerable.Repeat(one, number))}}]}""";

        for (var round = 1; round <= TestScale.DeadlineRounds; round++)
        {
            var created = await client.SendAsync(services[0], HttpMethod.Post, "/batch", body);
            var due = Stopwatch.StartNew(); // a little after the deadlines began to run, and by that the later
            created.Status.ShouldBe(HttpStatusCode.OK, created.Text);

            await Task.Delay(timeout + ServiceLevels.Expiry - due.Elapsed);
            var failed = await postgres.CountAsync(
                $"SELECT count(*) FROM software_deployments WHERE status = 'FAILED' AND status_reason = 'Timed out after {timeout.TotalSeconds} s'");
            var events = await postgres.CountAsync("SELECT count(*) FROM deployment_events WHERE actor = 'deadline' AND status = 'FAILED'");
            var expired = await postgres.CountAsync("SELECT count(DISTINCT deployment_id) FROM deployment_events WHERE actor = 'deadline'");
            FaultRun.Report($"round {round}: {number} due; in time {failed} failed, with {events} events of {expired} deployments");
            (failed, events, expired).ShouldBe((round * number, round * number, round * number));
        }

        (await postgres.CountAsync("SELECT count(*) FROM deployment_events")).ShouldBe(2L * number * TestScale.DeadlineRounds);
    }

    private static string Tally(IEnumerable<Outcome> outcomes) =>
        string.Join(", ", outcomes.GroupBy(outcome => outcome.Status).Select(status => $"{(int?)status.Key} × {status.Count()}"));
}
