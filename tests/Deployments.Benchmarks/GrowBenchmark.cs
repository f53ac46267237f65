using System.Globalization;
using System.Security.Cryptography;
using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Json;
using Npgsql;

namespace Deployments.Benchmarks;

/// <summary>
/// What each kind of request costs in databases of several sizes, each with a service of its own on the same server, in alternating runs; what
/// retention costs there; and how many bytes a deployment takes.
/// </summary>
internal static class GrowBenchmark
{
    private const int Runs = 3;
    private const int Seconds = 4;
    private const int Connections = 8;
    private const int Places = 1_000; // of which the requests are spread over
    private const int Lookups = 20_000;
    private const int PerServer = 10; // deployments
    private const int Configs = 1_000;

    // The oldest, of which each pass of retention has a day's.
    private const int Passes = 5;
    private const int PerPass = 1_000;
    private const int OldestDays = 100;

    // A session counts what it has done when it ends, or a second after it has become idle.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private static readonly int[] Sizes = [10_000, 1_000_000, 10_000_000];

    public static async Task RunAsync(Bench bench)
    {
        var key = RandomNumberGenerator.GetBytes(AgentKeys.MinBytes);
        var now = DateTimeOffset.UtcNow;
        var grown = new List<Grown>();
        try
        {
            foreach (var rows in Sizes)
            {
                grown.Add(await Grown.CreateAsync(bench, rows, key, now));
            }

            await MeasureAsync(bench, grown, new AgentAddresses(new AgentKeys([key]), baseAddress: string.Empty, TimeFormat.Utc));
        }
        finally
        {
            foreach (var one in grown)
            {
                await one.DisposeAsync();
            }
        }
    }

    private static async Task MeasureAsync(Bench bench, List<Grown> grown, AgentAddresses addresses)
    {
        Console.WriteLine($"{Runs} runs of {Seconds} s each, alternating, after a warm-up; {Connections} connections, {HttpLoad.Generator}; processor time in µs: of the service, of the database:");
        Console.WriteLine($"| request | {string.Join(" | ", Sizes.Select(rows => $"{rows:N0}: /s, processor time"))} | time ÷ at {Sizes[0]:N0} |");
        Console.WriteLine($"|---|{string.Concat(Sizes.Select(_ => "---|"))}---|");
        await CompareAsync("GET", one => one.GetsAsync(Lookups, n => $"software_deployments/{one.Seed.IdOf(n)}"));
        await CompareAsync("page of 100", one => one.GetsAsync(Places, n => $"software_deployments?limit=100&marker={one.Seed.IdOf(n)}"));
        await CompareAsync("document of a server", one => one.DocumentsAsync(addresses));
        await CompareAsync("page of 100 events", one => one.FeedAsync());
        await CompareAsync("page of 100 servers", one => one.GetsAsync(Places, n => $"servers?limit=100&marker={one.Seed.ServerOf(n)}"));
        var sizes = new List<string>();
        foreach (var one in grown)
        {
            sizes.Add(await one.DescribeSizeAsync());
        }

        await RetainAsync(grown);
        await CompareAsync("POST", one => one.PostsAsync()); // the last, as it makes the smallest one grow
        Console.WriteLine();
        sizes.ForEach(Console.WriteLine);

        async Task CompareAsync(string name, Func<Grown, Task<HttpLoad>> create)
        {
            var loads = new List<HttpLoad>();
            foreach (var one in grown)
            {
                loads.Add(await create(one));
            }

            var measured = grown.ConvertAll(_ => new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                for (var index = 0; index < grown.Count; index++)
                {
                    var measurement = await Measurement.TakeAsync(
                        bench, grown[index].Service, () => loads[index].RunAsync(Connections, Seconds), Seconds);
                    if (run > 0)
                    {
                        measured[index].Add(measurement);
                    }
                }
            }

            Print(
                name,
                measured.ConvertAll(runs => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Measurement.Median(runs, one => one.Load.Rate):F0}, {Measurement.Median(runs, one => one.ServiceMicroseconds):F0} + {Measurement.Median(runs, one => one.DatabaseMicroseconds):F0}")),
                measured.ConvertAll(runs => 1 / Measurement.Median(runs, one => one.Load.Rate)));
        }
    }

    /// <summary>The database's time for a deployment that a pass of prune deletes.</summary>
    private static async Task RetainAsync(List<Grown> grown)
    {
        var times = grown.ConvertAll(_ => new List<double>());
        for (var pass = 0; pass < Passes; pass++)
        {
            for (var index = 0; index < grown.Count; index++)
            {
                times[index].Add(await grown[index].PruneAsync(OldestDays - pass));
            }
        }

        Print(
            "retention, a deployment",
            times.ConvertAll(ofOne => string.Create(CultureInfo.InvariantCulture, $"{ofOne.Median():F0} µs of the database ({ofOne.Min():F0}–{ofOne.Max():F0})")),
            times.ConvertAll(ofOne => ofOne.Median()));
    }

    private static void Print(string name, IEnumerable<string> cells, IReadOnlyList<double> times) => Console.WriteLine(
        $"| {name} | {string.Join(" | ", cells)} | {string.Join(", ", times.Skip(1).Select(time => (time / times[0]).ToString("F2", CultureInfo.InvariantCulture)))} |");

    /// <summary>A database of one size, and its service.</summary>
    private sealed class Grown(Bench bench, int rows, Seed seed, string connectionString, NpgsqlDataSource database, ServiceProcess service) : IAsyncDisposable
    {
        public Seed Seed => seed;

        public ServiceProcess Service => service;

        private string Token { get; } = bench.CreateToken(Seed.Project, "grown");

        public static async Task<Grown> CreateAsync(Bench bench, int rows, byte[] key, DateTimeOffset now)
        {
            var connection = bench.Connection;
            connection.Database = $"grown_{rows}";
            await bench.ExecuteAsync($"CREATE DATABASE {connection.Database}");
            var service = await bench.StartServiceAsync(
                ("ConnectionStrings:Deployments", connection.ConnectionString), ("Deployments:AgentKeys:0", Convert.ToBase64String(key)));
            var database = NpgsqlDataSource.Create(connection);
            var seed = new Seed(rows / PerServer, n => ConfigOf(n % Configs).ToString(), n => TimeOf(n, now));
            await Bench.ExecuteAsync(
                database,
                $$"""
                INSERT INTO software_configs (project_id, id, name, "group", creation_time, config, inputs, outputs, options)
                SELECT '{{Seed.Project}}', {{StoredDeployments.SqlOfId("n")}}, 'install-' || n, 'script', now(),
                    to_json('#!/bin/sh' || E'\n' || 'echo ' || n), '[{"name":"port","type":"Number"}]', '[]', '{}'
                FROM generate_series(0, {{Configs - 1}}) AS n;
                INSERT INTO agents (project_id, id, server_id, creation_time)
                SELECT '{{Seed.Project}}', {{StoredDeployments.SqlOfId("n")}}, 'server-' || n::bigint * {{rows / PerServer}} / {{Places}}, now()
                FROM generate_series(0, {{Places - 1}}) AS n;
                ANALYZE software_configs, agents
                """);
            await seed.FillAsync(database, rows);
            return new Grown(bench, rows, seed, connection.ConnectionString, database, service);
        }

        /// <summary>Reads of so many places, spread over all deployments but the oldest.</summary>
        public Task<HttpLoad> GetsAsync(int places, Func<int, string> path) => Task.FromResult(new HttpLoad(
            bench.Folder,
            service.Address,
            Spread(places).Select(n => new HttpLoad.Request("GET", $"/v1/{Seed.Project}/{path(n)}", Token, Body: null))));

        public Task<HttpLoad> DocumentsAsync(AgentAddresses addresses) => Task.FromResult(new HttpLoad(
            bench.Folder,
            service.Address,
            Enumerable.Range(0, Places).Select(n => new HttpLoad.Request(
                "GET", addresses.CreateDocumentUrl(Seed.Project, StoredDeployments.IdOf(n)), Token: null, Body: null))));

        public async Task<HttpLoad> FeedAsync()
        {
            var cursors = await FeedBenchmark.FindCursorsAsync(bench, service, Spread(Places / 10).Order().Select(seed.IdOf));
            return new HttpLoad(
                bench.Folder,
                service.Address,
                cursors.Select(cursor => new HttpLoad.Request("GET", $"/v1/{Seed.Project}/events?limit=100&after={cursor}", Token, Body: null)));
        }

        public Task<HttpLoad> PostsAsync() => Task.FromResult(new HttpLoad(
            bench.Folder,
            service.Address,
            Spread(Places).Select(n => new HttpLoad.Request(
                "POST",
                $"/v1/{Seed.Project}/software_deployments",
                Token,
                $$$"""{"config_id": "{{{ConfigOf(n % Configs)}}}", "server_id": "{{{seed.ServerOf(n)}}}", "action": "CREATE", "input_values": {"port": 8080}}"""))));

        /// <summary>Deletes the deployments of one day.</summary>
        /// <returns>The database's time for each, in microseconds.</returns>
        public async Task<double> PruneAsync(int days)
        {
            var count = await CountOldAsync();
            await Task.Delay(Settling);
            var before = await ActiveMillisecondsAsync();
            await bench.RunServiceAsync(connectionString, "prune", "--older-than", $"{days}d", "--yes");
            var milliseconds = await ActiveMillisecondsAsync() - before;
            var deleted = count - await CountOldAsync();
            return deleted > 0
                ? milliseconds / deleted * 1_000
                : throw new InvalidOperationException($"Nothing was older than {days} days.");
        }

        public async Task<string> DescribeSizeAsync()
        {
            await using var ask = database.CreateCommand(
                """
                SELECT pg_table_size('software_deployments'), pg_indexes_size('software_deployments'),
                    pg_table_size('deployment_events'), pg_indexes_size('deployment_events'), count(*) FROM software_deployments
                """);
            ask.CommandTimeout = 0;
            await using var row = await ask.ExecuteReaderAsync();
            await row.ReadAsync();
            var count = row.GetInt64(4);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{rows:N0}: bytes a deployment {row.GetInt64(0) / count} + {row.GetInt64(1) / count} of indexes, its event {row.GetInt64(2) / count} + {row.GetInt64(3) / count} of indexes.");
        }

        public async ValueTask DisposeAsync()
        {
            await service.DisposeAsync();
            await database.DisposeAsync();
        }

        private static Guid ConfigOf(int n) => StoredDeployments.IdOf(n);

        private static DateTimeOffset TimeOf(int n, DateTimeOffset now) => n < Passes * PerPass
            ? now.AddDays((n / PerPass) - OldestDays).AddMilliseconds(n % PerPass)
            : now.AddDays(-1).AddMilliseconds(n);

        private IEnumerable<int> Spread(int places) => Enumerable.Range(0, places)
            .Select(place => (Passes * PerPass) + (int)((long)place * (rows - (Passes * PerPass)) / places))
            .Distinct() // else those who ask at once for the same would share a read
            .OrderBy(n => (uint)n * 2_654_435_761); // in no order of the table

        private Task<long> CountOldAsync() => AskAsync<long>($"SELECT count(*) FROM software_deployments WHERE project_id = '{Seed.Project}' AND id < '{seed.IdOf(Passes * PerPass)}'");

        private Task<double> ActiveMillisecondsAsync() => AskAsync<double>("SELECT active_time FROM pg_stat_database WHERE datname = current_database()");

        private async Task<T> AskAsync<T>(string statement)
        {
            await using var ask = database.CreateCommand(statement);
            return (T)(await ask.ExecuteScalarAsync())!;
        }
    }
}
