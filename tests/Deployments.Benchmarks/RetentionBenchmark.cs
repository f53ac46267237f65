using System.Diagnostics;
using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>
/// Posting deployments while retention deletes overdue ones, compared with the same service without retention; how many are deleted a second
/// meanwhile, and with nothing else to do; and whether what is left at the end is what should be.
/// </summary>
internal static class RetentionBenchmark
{
    private const int Runs = 5;
    private const int Connections = 64;
    private const int WarmUpSeconds = 40; // else the compiler's work counts as that of retention
    private static readonly TimeSpan PollingInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxQuietTime = TimeSpan.FromMinutes(2); // after a failure it goes on a minute later

    private const string CountDeleted = "SELECT count(*) FROM deployment_events WHERE deleted";

    // Each configuration of the seed is unnamed, so it is the id that counts.
    private const string CountLeft =
        $"""
        SELECT count(*) FROM software_deployments AS deployment
        WHERE project_id = '{Seed.Project}' AND (status = 'IN_PROGRESS' OR id = (
            SELECT id FROM software_deployments AS newest
            WHERE project_id = deployment.project_id AND server_id = deployment.server_id AND config_id = deployment.config_id
            ORDER BY id DESC LIMIT 1))
        """;

    public static async Task RunAsync(Bench bench)
    {
        await using (await bench.StartServiceAsync())
        {
            // It has migrated.
        }

        await Seed.Usual.FillAsync(bench.Database, FeedBenchmark.Rows);
        var left = await CountAsync(bench, CountLeft);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, each of a service of its own after a warm-up; {HttpLoad.Generator}:");
        var (withRetention, without, rates) = (new List<Measurement>(), new List<Measurement>(), new List<double>());
        for (var run = 0; run < Runs; run++)
        {
            var before = await CountAsync(bench, CountDeleted);
            var started = Stopwatch.GetTimestamp();
            withRetention.Add(await MeasureAsync(bench, ("Deployments:RetainDays", "30")));
            rates.Add((await CountAsync(bench, CountDeleted) - before) / Stopwatch.GetElapsedTime(started).TotalSeconds);
            without.Add(await MeasureAsync(bench));
        }

        Console.WriteLine(Measurement.Header("POST /s with retention", "POST /s without"));
        Console.WriteLine(Measurement.Row($"{Connections}", withRetention, without));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Deleted a second meanwhile: {rates.Median():F0} ({rates.Min():F0}–{rates.Max():F0})"));
        await DeleteRestAsync(bench, left);
    }

    private static async Task<Measurement> MeasureAsync(Bench bench, params (string Name, string Value)[] settings)
    {
        await using var service = await bench.StartServiceAsync(settings);
        var posts = WriteBenchmark.Posts(bench, service, keyed: false);
        await posts.RunAsync(Connections, WarmUpSeconds);
        return await Measurement.TakeAsync(bench, service, () => posts.RunAsync(Connections));
    }

    private static async Task DeleteRestAsync(Bench bench, long left)
    {
        await using var service = await bench.StartServiceAsync(("Deployments:RetainDays", "30"));
        var (before, started) = (await CountAsync(bench, CountDeleted), Stopwatch.GetTimestamp());
        var all = $"SELECT count(*) FROM software_deployments WHERE project_id = '{Seed.Project}'";
        var (now, progress) = (await CountAsync(bench, all), Stopwatch.StartNew());
        while (now > left && progress.Elapsed < MaxQuietTime)
        {
            await Task.Delay(PollingInterval);
            var last = now;
            now = await CountAsync(bench, all);
            if (now < last)
            {
                progress.Restart();
            }
        }

        var deleted = await CountAsync(bench, CountDeleted) - before;
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"The rest, with nothing else to do: {deleted} in {seconds:F0} s, {deleted / seconds:F0} a second"));
        Console.WriteLine(now == left && await CountAsync(bench, CountLeft) == left
            ? $"What is left is right: {left}"
            : $"What is left is WRONG: {now} instead of {left}");
    }

    private static async Task<long> CountAsync(Bench bench, string statement)
    {
        await using var count = bench.Database.CreateCommand(statement);
        count.CommandTimeout = 0;
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
