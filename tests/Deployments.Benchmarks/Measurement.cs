using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>One run: what the generator measured, and the share of processor time of each party.</summary>
internal sealed record Measurement(Load Load, double ServiceCpu, double DatabaseCpu, double GeneratorCpu)
{
    public const int Seconds = 5;

    /// <summary>The service's processor time for a request.</summary>
    public double ServiceMicroseconds => ServiceCpu / Load.Rate * 1e6;

    /// <summary>The database's processor time for a request.</summary>
    public double DatabaseMicroseconds => DatabaseCpu / Load.Rate * 1e6;

    public static async Task<Measurement> TakeAsync(Bench bench, ServiceProcess service, Func<Task<Load>> run, int seconds = Seconds)
    {
        var postmaster = await bench.PostmasterAsync();
        var before = (Cpu.Of(service.Id), Cpu.OfTree(postmaster), Cpu.OfGenerators());
        var load = await run();
        return new Measurement(
            load,
            (Cpu.Of(service.Id) - before.Item1) / seconds,
            (Cpu.OfTree(postmaster) - before.Item2) / seconds,
            (Cpu.OfGenerators() - before.Item3) / seconds);
    }

    public static string Header(string measured, string reference) =>
        $"| connections | {measured} | {reference} | ratio: median (min–max) | p50, p99 ms | p50, p99 ms of the other | CPU: service, database, generator |\n|---|---|---|---|---|---|---|";

    public static string Row(string name, IReadOnlyList<Measurement> measured, IReadOnlyList<Measurement> reference)
    {
        var ratios = measured.Zip(reference, (one, other) => one.Load.Rate / other.Load.Rate).ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Median(measured, one => one.Load.Rate):F0} | {Median(reference, one => one.Load.Rate):F0} | **{ratios.Median():F2}** ({ratios.Min():F2}–{ratios.Max():F2}) | {Latency(measured)} | {Latency(reference)} | {Median(measured, one => one.ServiceCpu):P0}, {Median(measured, one => one.DatabaseCpu):P0}, {Median(measured, one => one.GeneratorCpu):P0} |");
    }

    /// <summary>The head of a table of the service's processor time for a request, beside that for one that does nothing but verify a token.</summary>
    public static string CostHeader(string measured) =>
        $"| connections | {measured}, µs | unknown path with a token, µs | ratio: median (min–max) |\n|---|---|---|---|";

    public static string CostRow(string name, IReadOnlyList<Measurement> measured, IReadOnlyList<Measurement> unknownPath)
    {
        var ratios = measured.Zip(unknownPath, (one, other) => one.ServiceMicroseconds / other.ServiceMicroseconds).ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Median(measured, one => one.ServiceMicroseconds):F1} | {Median(unknownPath, one => one.ServiceMicroseconds):F1} | **{ratios.Median():F2}** ({ratios.Min():F2}–{ratios.Max():F2}) |");
    }

    private static string Latency(IReadOnlyList<Measurement> runs) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Median(runs, one => one.Load.P50Milliseconds):F1}, {Median(runs, one => one.Load.P99Milliseconds):F1}");

    public static double Median(IEnumerable<Measurement> runs, Func<Measurement, double> value) => runs.Select(value).Median();
}
