using System.Diagnostics;
using System.Net;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>Concurrent requests to several instances of the service.</summary>
public sealed class RaceTests
{
    private const int Attempts = 30;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    [Test]
    public async Task Concurrent_posts_with_the_same_idempotency_key_store_one_row_and_both_return_it()
    {
        const int pairs = 1_000;
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        using var client = new Client();

        var unavailable = 0;
        var responses = await Task.WhenAll(Enumerable.Range(0, pairs).Select(pair => Task.WhenAll(
            services.Select(service => CreateAsync(service, $"pair-{pair}")))));

        var rows = await postgres.CountAsync("SELECT count(*) FROM software_deployments");
        var events = await postgres.CountAsync("SELECT count(*) FROM deployment_events");
        FaultRun.Report(
            $"{pairs} pairs, responses {Tally(responses.SelectMany(pair => pair))}, of which replays {responses.Sum(pair => pair.Count(response => response.IsReplay))}; 503 × {unavailable}; "
            + $"rows {rows}, events {events}");
        responses.SelectMany(pair => pair).ShouldAllBe(response => response.Status == HttpStatusCode.OK);
        responses.ShouldAllBe(pair => pair[0].Id == pair[1].Id);
        responses.ShouldAllBe(pair => pair.Count(response => !response.IsReplay) <= 1);
        rows.ShouldBe(pairs);
        events.ShouldBe(pairs);

        // On a busy machine some of so many concurrent requests are shed, and retried.
        async Task<Outcome> CreateAsync(ServiceProcess service, string name)
        {
            for (var attempt = 1; ; attempt++)
            {
                var outcome = await client.CreateAsync(service, name, key: name);
                if (outcome.Status != HttpStatusCode.ServiceUnavailable || attempt == Attempts)
                {
                    return outcome;
                }

                Interlocked.Increment(ref unavailable);
                await Task.Delay(RetryAfter);
            }
        }
    }

    [Test]
    public async Task Concurrent_puts_with_the_same_entity_tag_return_200_to_one_and_412_to_the_other()
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
        FaultRun.Report($"{TestScale.ConditionalRounds} rounds, responses {Tally(outcomes)}; events {events}");
        events.ShouldBe(1 + TestScale.ConditionalRounds);
    }

    [Test]
    public async Task Deployments_with_the_same_deadline_expire_once_each_and_in_time()
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
            var due = Stopwatch.StartNew(); // starts a little after the deadlines do
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
