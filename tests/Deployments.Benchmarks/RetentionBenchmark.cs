using System.Diagnostics;
using System.Globalization;
using Deployments.Infrastructure.Retention;
using Npgsql;

namespace Deployments.Benchmarks;

/// <summary>
/// Posting deployments while retention deletes overdue ones, compared with the same process while it does not; how many are deleted a second
/// meanwhile, and with nothing else to do; and whether what is left at the end is what should be.
/// </summary>
/// <remarks>
/// Retention is held up by its own lock, as if another instance were at work. Two processes, one with and one without it, differ by more than what
/// is measured, since each compiles its code anew.
/// </remarks>
internal static class RetentionBenchmark
{
    private const int Runs = 7;
    private const int Connections = 64;
    private const int WarmUpSeconds = 40;
    private const int Seconds = 10;
    private static readonly TimeSpan PollingInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxQuietTime = TimeSpan.FromMinutes(2); // who does not get the lock tries again a minute later

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

        await using var pause = await bench.Database.OpenConnectionAsync();
        await PauseAsync(pause);
        await using var service = await bench.StartServiceAsync(("Deployments:RetainDays", "30"));
        var posts = WriteBenchmark.Posts(bench, service, keyed: false);
        await posts.RunAsync(Connections, WarmUpSeconds);

        Console.WriteLine($"{Runs} runs of {Seconds} s each, alternating, of one process under load; {HttpLoad.Generator}:");
        var (withRetention, without, rates) = (new List<Measurement>(), new List<Measurement>(), new List<double>());
        for (var run = 0; run < Runs; run++)
        {
            await ContinueAsync(bench, pause, () => posts.RunAsync(Connections));
            var before = await CountAsync(bench, CountDeleted);
            var started = Stopwatch.GetTimestamp();
            withRetention.Add(await MeasureAsync(bench, service, posts));
            await PauseAsync(pause);
            var elapsed = Stopwatch.GetElapsedTime(started);
            rates.Add((await CountAsync(bench, CountDeleted) - before) / elapsed.TotalSeconds);
            without.Add(await MeasureAsync(bench, service, posts));
        }

        Console.WriteLine(Measurement.Header("POST /s with retention", "POST /s without"));
        Console.WriteLine(Measurement.Row($"{Connections}", withRetention, without));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Deleted a second meanwhile: {rates.Median():F0} ({rates.Min():F0}–{rates.Max():F0})"));
        await ContinueAsync(bench, pause, () => Task.Delay(PollingInterval));
        await AwaitRestAsync(bench, left);
    }

    private static Task PauseAsync(NpgsqlConnection connection) => ExecuteAsync(connection, $"SELECT pg_advisory_lock({RetentionPass.AdvisoryLockKey})");

    /// <summary>Lets retention go on, and waits until it does.</summary>
    /// <param name="bench">The database.</param>
    /// <param name="connection">Has its lock.</param>
    /// <param name="wait">Is done meanwhile: load, as these machines are faster after they were idle.</param>
    private static async Task ContinueAsync(Bench bench, NpgsqlConnection connection, Func<Task> wait)
    {
        var before = await CountAsync(bench, CountDeleted);
        await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({RetentionPass.AdvisoryLockKey})");
        for (var waited = Stopwatch.StartNew(); await CountAsync(bench, CountDeleted) == before;)
        {
            if (waited.Elapsed > MaxQuietTime)
            {
                throw new TimeoutException("Retention deletes nothing.");
            }

            await wait();
        }
    }

    private static Task<Measurement> MeasureAsync(Bench bench, ServiceProcess service, HttpLoad posts) =>
        Measurement.TakeAsync(bench, service, () => posts.RunAsync(Connections, Seconds), Seconds);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task AwaitRestAsync(Bench bench, long left)
    {
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
