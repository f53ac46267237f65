using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>
/// Changing the status of deployments over HTTP, compared with pgbench, which updates the same rows one by one and inserts an event for each,
/// with as many clients; and the processor time of such a request beside that of one that does nothing but validate a token.
/// </summary>
internal static class UpdateBenchmark
{
    public const int Rows = 4_000;
    private const int Runs = 5;
    private const int WarmUpSeconds = 40; // else the compiler's work counts as that of requests
    private static readonly int[] Connections = [8, 64, 256];
    private static readonly string[] Statuses = ["COMPLETE", "FAILED"];

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        var deployments = new StoredDeployments(bench, Rows);
        var tokens = deployments.CreateTokens();
        var (puts, unknownPath, pgbench) = (Puts(bench, service, tokens), HttpLoad.UnknownPath(
            bench, service, tokens.Select((token, n) => (StoredDeployments.ProjectOf(n), token))), deployments.Updates());
        var costs = new List<string>();
        await deployments.FillAsync();
        await puts.RunAsync(Connections[1], WarmUpSeconds);
        await unknownPath.RunAsync(Connections[1], WarmUpSeconds / 4);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator} and pgbench -M prepared:");
        Console.WriteLine(Measurement.Header("PUT /s", "pgbench /s"));
        foreach (var connections in Connections)
        {
            var (changes, others, nothings) = (new List<Measurement>(), new List<Measurement>(), new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                await deployments.FillAsync();
                var change = await Measurement.TakeAsync(bench, service, () => puts.RunAsync(connections));
                await deployments.FillAsync();
                var other = await Measurement.TakeAsync(bench, service, () => pgbench.RunAsync(connections));
                var nothing = await Measurement.TakeAsync(bench, service, () => unknownPath.RunAsync(connections));
                if (run > 0)
                {
                    changes.Add(change);
                    others.Add(other);
                    nothings.Add(nothing);
                }
            }

            Console.WriteLine(Measurement.Row(connections.ToString(CultureInfo.InvariantCulture), changes, others));
            costs.Add(Measurement.CostRow($"{connections}", changes, nothings));
        }

        Console.WriteLine();
        Console.WriteLine("The service's processor time for a request:");
        Console.WriteLine(Measurement.CostHeader("PUT"));
        costs.ForEach(Console.WriteLine);
        Console.WriteLine($"Memory of the service at the end: {service.Memory:F0} MiB");
    }

    /// <summary>Each status for all rows in turn, so that every request changes something.</summary>
    public static HttpLoad Puts(Bench bench, ServiceProcess service, IReadOnlyList<string> tokens) => new(
        bench.Folder,
        service.Address,
        Statuses.SelectMany(status => Enumerable.Range(1, Rows).Select(n => new HttpLoad.Request(
            "PUT",
            $"/v1/{StoredDeployments.ProjectOf(n)}/software_deployments/{StoredDeployments.IdOf(n)}",
            tokens[n % tokens.Count],
            $$"""{"status": "{{status}}"}"""))));
}
