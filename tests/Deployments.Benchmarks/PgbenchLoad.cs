using System.Globalization;
using System.Text.RegularExpressions;

namespace Deployments.Benchmarks;

/// <summary>One statement per transaction, from many clients of the database at the same time.</summary>
internal sealed partial class PgbenchLoad
{
    private readonly Bench bench;
    private readonly string script;

    public PgbenchLoad(Bench bench, string statement)
    {
        this.bench = bench;
        script = Path.Combine(bench.Folder.FullName, $"{Guid.NewGuid()}.sql");
        File.WriteAllText(script, statement);
    }

    public async Task<Load> RunAsync(int connections)
    {
        var log = Path.Combine(bench.Folder.CreateSubdirectory(Guid.NewGuid().ToString()).FullName, "log");
        var printed = await bench.RunClientAsync(
            "pgbench", "-n", "-M", "prepared", "-c", Text(connections), "-j", "1", "-T", Text(Measurement.Seconds), "-f", script, "-l", $"--log-prefix={log}");
        var latencies = Directory.GetFiles(Path.GetDirectoryName(log)!)
            .SelectMany(File.ReadLines)
            .Select(line => double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) / 1_000)
            .ToList();
        if (!printed.Contains("failed transactions: 0 ", StringComparison.Ordinal) || latencies.Count == 0)
        {
            throw new InvalidOperationException($"Not every statement succeeded, or none did: {printed}");
        }

        return new Load(
            double.Parse(Rate().Match(printed).Groups[1].Value, CultureInfo.InvariantCulture), latencies.Median(), latencies.Quantile(0.99));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Rate();
}
