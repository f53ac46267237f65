using System.Globalization;
using System.Security.Cryptography;
using Deployments.Api.Authentication.SignedAddress;
using Npgsql;

namespace Deployments.Benchmarks;

/// <summary>
/// This build of the service beside another one, in alternating runs, each with a database of its own on the same server: what a change gains
/// or costs. The environment variable names the other build's published program.
/// </summary>
internal static class CompareBenchmark
{
    private const string OtherDatabase = "other";
    private const string Setting = "BENCHMARK_OTHER";
    private const int Runs = 5;
    private const int Rows = 1_000;
    private const int Usual = 64;
    private static readonly int[] Connections = [8, Usual, 256];

    /// <summary>What to print where there is no other build.</summary>
    public const string Skipped = $"Skipped: {Setting} names no published Deployments.Api.dll to compare with.";

    /// <summary>The other build's program, if it is given.</summary>
    public static string? OtherProgram => Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } program ? program : null;

    public static async Task RunAsync(Bench bench)
    {
        if (OtherProgram is not { } other)
        {
            Console.WriteLine(Skipped);
            return;
        }

        var key = RandomNumberGenerator.GetBytes(AgentKeys.MinBytes);
        var keySetting = ("Deployments:AgentKeys:0", Convert.ToBase64String(key));
        await using var service = await bench.StartServiceAsync(keySetting);
        await bench.ExecuteAsync($"CREATE DATABASE {OtherDatabase}");
        var connection = bench.Connection;
        connection.Database = OtherDatabase;
        await using var otherDatabase = NpgsqlDataSource.Create(connection);
        await using var former = await bench.StartOtherServiceAsync(
            other, ("ConnectionStrings:Deployments", connection.ConnectionString), keySetting);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator}:");
        Console.WriteLine("| requests | this build /s | the other /s | ratio: median (min–max) | processor time a request, µs: this, other | p99 ms: this, other | bytes of write-ahead log a request: this, other |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        await BothAsync("POST", of => WriteBenchmark.Posts(bench, of, keyed: false), Connections);

        await ExecuteAsync($"{WriteBenchmark.Empty}; {ReadBenchmark.Fill(Rows)}");
        await BothAsync("GET", of => ReadBenchmark.Gets(bench, of, Rows), Connections);
        await CompareAsync(
            bench, "GET with If-None-Match: 304", (service, await ReadBenchmark.UnchangedAsync(bench, service, Rows)),
            (former, await ReadBenchmark.UnchangedAsync(bench, former, Rows)), Connections);
        await BothAsync("page of 10", of => ReadBenchmark.Pages(bench, of, Rows), [Usual]);
        await BothAsync("unknown path, token seen before", of => TokensBenchmark.Known(bench, of), [Usual]);
        await BothAsync("unknown path, token never seen before", of => TokensBenchmark.NeverSeen(bench, of, ecdsa: false), [Usual]);

        var changed = new StoredDeployments(bench, UpdateBenchmark.Rows);
        await FillAsync(changed);
        await BothAsync("PUT", of => UpdateBenchmark.Puts(bench, of, changed.CreateTokens()), Connections);

        var all = MixedBenchmark.Deployments(bench);
        await ExecuteAsync(MixedBenchmark.Agents);
        await FillAsync(all);
        await BothAsync("mixed", of => MixedBenchmark.Requests(bench, of, key, all.CreateTokens()), [Connections[^1]]);

        Console.WriteLine($"Memory at the end: {service.Memory:F0} MiB, the other {former.Memory:F0} MiB");

        Task BothAsync(string name, Func<ServiceProcess, HttpLoad> load, int[] connections) =>
            CompareAsync(bench, name, (service, load(service)), (former, load(former)), connections);

        async Task ExecuteAsync(string statements)
        {
            await bench.ExecuteAsync(statements);
            await Bench.ExecuteAsync(otherDatabase, statements);
        }

        async Task FillAsync(StoredDeployments deployments)
        {
            await deployments.FillAsync();
            await deployments.FillAsync(otherDatabase);
        }
    }

    private static async Task CompareAsync(
        Bench bench, string name, (ServiceProcess Service, HttpLoad Load) one, (ServiceProcess Service, HttpLoad Load) other, int[] connections)
    {
        foreach (var number in connections)
        {
            await CompareAsync(bench, $"{name}, at {number}", one, other, number);
        }
    }

    private static async Task CompareAsync(
        Bench bench, string name, (ServiceProcess Service, HttpLoad Load) one, (ServiceProcess Service, HttpLoad Load) other, int connections)
    {
        var (ones, others) = (new List<Measurement>(), new List<Measurement>());
        var (log, otherLog) = (new List<double>(), new List<double>());
        for (var run = 0; run <= Runs; run++)
        {
            var start = await LogPositionAsync(bench);
            var first = await Measurement.TakeAsync(bench, one.Service, () => one.Load.RunAsync(connections));
            var middle = await LogPositionAsync(bench);
            var second = await Measurement.TakeAsync(bench, other.Service, () => other.Load.RunAsync(connections));
            var end = await LogPositionAsync(bench);
            if (run > 0)
            {
                log.Add((middle - start) / (first.Load.Rate * Measurement.Seconds));
                otherLog.Add((end - middle) / (second.Load.Rate * Measurement.Seconds));
                ones.Add(first);
                others.Add(second);
            }
        }

        var ratios = ones.Zip(others, (left, right) => left.Load.Rate / right.Load.Rate).ToList();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Measurement.Median(ones, run => run.Load.Rate):F0} | {Measurement.Median(others, run => run.Load.Rate):F0} | **{ratios.Median():F2}** ({ratios.Min():F2}–{ratios.Max():F2}) | {Measurement.Median(ones, run => run.ServiceMicroseconds):F0}, {Measurement.Median(others, run => run.ServiceMicroseconds):F0} | {Measurement.Median(ones, run => run.Load.P99Milliseconds):F1}, {Measurement.Median(others, run => run.Load.P99Milliseconds):F1} | {log.Median():F0}, {otherLog.Median():F0} |"));
    }

    /// <summary>How many bytes of write-ahead log the server has written.</summary>
    private static async Task<double> LogPositionAsync(Bench bench)
    {
        await using var ask = bench.Database.CreateCommand("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::double precision");
        return (double)(await ask.ExecuteScalarAsync())!;
    }
}
