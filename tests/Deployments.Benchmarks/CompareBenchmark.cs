using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>
/// This build of the service beside another one on the same database, in alternating runs: what a change gains or costs. The environment
/// variable names the other build's published program.
/// </summary>
internal static class CompareBenchmark
{
    private const string OtherProgram = "BENCHMARK_OTHER";
    private const int Runs = 5;
    private const int Rows = 1_000;
    private static readonly int[] Connections = [8, 64, 256];

    public static async Task RunAsync(Bench bench)
    {
        if (Environment.GetEnvironmentVariable(OtherProgram) is not { Length: > 0 } other)
        {
            Console.WriteLine($"Skipped: {OtherProgram} names no published Deployments.Api.dll to compare with.");
            return;
        }

        await using var service = await bench.StartServiceAsync();
        await using var former = await bench.StartServiceAsync(other);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator}:");
        Console.WriteLine("| requests | this build /s | the other /s | ratio: median (min–max) | processor time a request, µs: this, other | p99 ms: this, other |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var connections in Connections)
        {
            await CompareAsync(
                bench,
                $"POST at {connections}",
                (service, WriteBenchmark.Posts(bench, service, keyed: false)),
                (former, WriteBenchmark.Posts(bench, former, keyed: false)),
                connections);
        }

        await bench.ExecuteAsync(WriteBenchmark.Empty);
        await bench.ExecuteAsync(ReadBenchmark.Fill(Rows));
        foreach (var connections in Connections)
        {
            await CompareAsync(
                bench,
                $"GET at {connections}",
                (service, ReadBenchmark.Gets(bench, service, Rows)),
                (former, ReadBenchmark.Gets(bench, former, Rows)),
                connections);
        }

        Console.WriteLine($"Memory at the end: {service.Memory:F0} MiB, the other {former.Memory:F0} MiB");
    }

    private static async Task CompareAsync(
        Bench bench, string name, (ServiceProcess Service, HttpLoad Load) one, (ServiceProcess Service, HttpLoad Load) other, int connections)
    {
        var (ones, others) = (new List<Measurement>(), new List<Measurement>());
        for (var run = 0; run <= Runs; run++)
        {
            var first = await Measurement.TakeAsync(bench, one.Service, () => one.Load.RunAsync(connections));
            var second = await Measurement.TakeAsync(bench, other.Service, () => other.Load.RunAsync(connections));
            if (run > 0)
            {
                ones.Add(first);
                others.Add(second);
            }
        }

        var ratios = ones.Zip(others, (left, right) => left.Load.Rate / right.Load.Rate).ToList();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Median(ones, run => run.Load.Rate):F0} | {Median(others, run => run.Load.Rate):F0} | **{ratios.Median():F2}** ({ratios.Min():F2}–{ratios.Max():F2}) | {Median(ones, Cost):F0}, {Median(others, Cost):F0} | {Median(ones, run => run.Load.P99Milliseconds):F1}, {Median(others, run => run.Load.P99Milliseconds):F1} |"));
    }

    private static double Cost(Measurement run) => run.ServiceCpu / run.Load.Rate * 1_000_000;

    private static double Median(IEnumerable<Measurement> runs, Func<Measurement, double> value) => runs.Select(value).Median();
}
