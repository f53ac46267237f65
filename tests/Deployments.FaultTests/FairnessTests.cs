using System.Collections.Concurrent;
using System.Net;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

public sealed class FairnessTests
{
    private const int Connections = 4;
    private const int SinglesPerSecond = 50;

    private static readonly string LargeDeployment =
        $$"""{"config_id": "large", "server_id": "s", "input_values": {"a": "{{new string('x', 200_000)}}"} }""";

    // Just below 16 MiB.
    private static readonly string LargeBatch = $$"""{"software_deployments": [{{string.Join(',', Enumerable.Repeat(LargeDeployment, 83))}}]}""";

    [Test]
    public async Task Post_while_another_project_sends_large_batches_without_pause_is_accepted_in_time()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var busy = new Client("busy");
        using var large = new Client("large");
        var batches = new ConcurrentBag<Outcome>();
        var larges = new ConcurrentBag<Outcome>();
        using var stopping = new CancellationTokenSource();
        await OpenLoopLoad.RunAsync(services[0], SinglesPerSecond, TimeSpan.FromSeconds(2));
        var before = services[0].Memory;

        var sending = Task.WhenAll(
            [
                .. Enumerable.Range(0, Connections).Select(_ => RepeatAsync(busy, "/batch", LargeBatch, batches)),
                RepeatAsync(large, string.Empty, LargeDeployment, larges),
            ]);
        var watching = services[0].MaxMemoryAsync(sending);
        var singles = await OpenLoopLoad.RunAsync(services[0], SinglesPerSecond, TestScale.LargeBatches);
        await stopping.CancelAsync();
        await sending;

        FaultRun.Report(
            $"batches of {LargeBatch.Length / 1024.0 / 1024:F1} MiB by {Connections} connections of one project: {Count(batches)}; "
            + $"large deployments of another: {Count(larges)}, p99 {Percentile99(larges):F2} s; {SinglesPerSecond}/s singles of a third: {singles}; "
            + $"memory {before:F0} before, at most {await watching:F0}, {services[0].Memory:F0} after, in MiB");
        singles.Others.ShouldBeEmpty();
        batches.ShouldContain(outcome => outcome.Status == HttpStatusCode.OK);
        larges.ShouldAllBe(outcome => outcome.Status == HttpStatusCode.OK);
        if (TestScale.IsFull)
        {
            singles.AcceptedPercentile99.ShouldBeLessThan(ServiceLevels.AcceptedBesideBatches);
        }

        async Task RepeatAsync(Client client, string path, string body, ConcurrentBag<Outcome> outcomes)
        {
            while (!stopping.IsCancellationRequested)
            {
                var outcome = await client.SendAsync(services[0], HttpMethod.Post, path, body);
                outcomes.Add(outcome with { Response = outcome.Response! with { Text = string.Empty } });
            }
        }
    }

    private static string Count(IEnumerable<Outcome> outcomes) =>
        string.Join(", ", outcomes.GroupBy(outcome => outcome.Status).Select(group => $"{(int?)group.Key} × {group.Count()}"));

    private static double Percentile99(IReadOnlyCollection<Outcome> outcomes) =>
        outcomes.Select(outcome => outcome.Time.TotalSeconds).Order().ElementAtOrDefault((int)(outcomes.Count * 0.99));
}
