using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Json;

namespace Deployments.Benchmarks;

/// <summary>
/// The agents of many servers: what it costs that one instance holds their documents, and how soon a change arrives; how many documents are
/// read, by agents that know what they have, and by OpenStack's, which do not; and outcomes of runs, compared with pgbench, which updates as
/// many rows and inserts an event for each.
/// </summary>
internal static class AgentsBenchmark
{
    private const string Setting = "BENCHMARK_AGENTS";
    private const string Name = "agents";
    private const int Runs = 5;
    private const int ReadingConnections = 64;
    private const int Changes = 200;
    private const int ConfigCharacters = 2_048;

    // More than a run has signals: each ends one run of a deployment, and another for the same run would be ignored.
    private const int Signals = 60_000;
    public const string Signal = """{"deploy_stdout":"done","deploy_stderr":"","deploy_status_code":0}""";

    // Each document that is held is renewed twice, whenever that began.
    private const int HeldSeconds = 100;
    private const int QuietSeconds = 20;

    // What has just run often is compiled once more, optimised.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollingInterval = TimeSpan.FromSeconds(30);
    private static readonly int[] SignallingConnections = [8, 64, 256];

    private static int Count => int.Parse(Environment.GetEnvironmentVariable(Setting) ?? "5000", CultureInfo.InvariantCulture);

    // A server each, with an agent, a deployment, and a configuration of its own.
    private static int Rows => Math.Max(Count, Signals);

    /// <summary>The statement that stores an agent and a configuration for each of so many deployments.</summary>
    public static string Fill(int rows) =>
        $$"""
        INSERT INTO agents (project_id, id, server_id, creation_time)
        SELECT {{StoredDeployments.SqlOfProject("n")}}, {{StoredDeployments.SqlOfId("n")}}, 'server-' || n, now() FROM generate_series(1, {{rows}}) AS n;
        INSERT INTO software_configs (project_id, id, name, "group", creation_time, config, inputs, outputs, options)
        SELECT {{StoredDeployments.SqlOfProject("n")}}, {{StoredDeployments.SqlOfId("n")}}, 'install', 'script', now(),
            to_json(left(E'#!/bin/sh\n' || repeat('echo "step of server ' || n || E'"\n', {{ConfigCharacters}}), {{ConfigCharacters}})),
            '[{"name":"port","type":"Number","replace_on_change":false}]', '[{"name":"result","type":"String","error_output":false}]', '{}'
        FROM generate_series(1, {{rows}}) AS n;
        ANALYZE agents, software_configs
        """;

    public static async Task RunAsync(Bench bench)
    {
        var key = RandomNumberGenerator.GetBytes(AgentKeys.MinBytes);
        var addresses = new AgentAddresses(new AgentKeys([key]), baseAddress: string.Empty, TimeFormat.Utc);
        await using var service = await bench.StartServiceAsync(
            ("Deployments:AgentKeys:0", Convert.ToBase64String(key)),
            ("Deployments:MaxWaiting", $"{2 * Count}"), // one project has at most half of them
            ("ConnectionStrings:Deployments", $"{bench.Connection};Application Name={Name}"));
        var deployments = new StoredDeployments(bench, Rows, "'server-' || n", $"{StoredDeployments.SqlOfId("n")}::text");
        await bench.ExecuteAsync(Fill(Rows));
        await deployments.FillAsync();

        var documents = Enumerable.Range(1, Count).Select(n => addresses.CreateDocumentUrl(StoredDeployments.ProjectOf(n), StoredDeployments.IdOf(n))).ToList();
        IReadOnlyList<string> tags;
        await using (var agents = new Agents(service, documents, deployments.CreateTokens()))
        {
            await HoldAsync(bench, service, agents);
            tags = agents.Tags;
        }

        await ReadAsync(bench, service, documents, tags);
        await SignalAsync(bench, service, deployments, addresses);
    }

    private static async Task HoldAsync(Bench bench, ServiceProcess service, Agents agents)
    {
        await agents.ReadAsync();
        await Task.Delay(Settling);
        var quiet = await SampleAsync(QuietSeconds);
        var memory = service.Memory;
        await agents.HoldAsync();
        await agents.RenewAsync();
        await Task.Delay(Settling);
        var held = await SampleAsync(HeldSeconds);
        var heldMemory = service.Memory;
        var times = new List<double>();
        for (var change = 0; change < Changes; change++)
        {
            times.Add(await agents.ChangeAsync(Random.Shared.Next(Count)));
        }

        var (renewals, without) = (held.Sum(second => second.Renewals), held.Where(second => second.Renewals == 0).Select(second => second.Cpu).ToList());
        var share = without.Count == 0 ? "every second has renewals" : string.Create(
            CultureInfo.InvariantCulture,
            $"{without.Average():P1} in the {without.Count} s without renewals, {(held.Sum(second => second.Cpu) - (without.Average() * HeldSeconds)) / renewals * 1e6:F0} µs a renewal");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Count:N0} documents held, of a server each, in {StoredDeployments.Projects} projects; {agents.Refusals:N0} requests refused with 503 and repeated:"));
        Console.WriteLine();
        Console.WriteLine("| | memory MiB | processor time of the service, of a core | connections to PostgreSQL, at most |");
        Console.WriteLine("|---|---|---|---|");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| before | {memory:F0} | {quiet.Average(second => second.Cpu):P1} | {quiet.Max(second => second.Connections)} |"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| held | {heldMemory:F0}, {heldMemory - memory:F0} more, {(heldMemory - memory) * 1024 / Count:F0} KiB a document | {held.Average(second => second.Cpu):P1} over {HeldSeconds} s with {renewals:N0} renewals: {share} | {held.Max(second => second.Connections)} |"));
        Console.WriteLine();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"From the writer's response to the arrival of the document, {Changes} changes of one server after another: p50 {times.Median():F1} ms, p99 {times.Quantile(0.99):F1} ms, longest {times.Max():F1} ms."));

        async Task<IReadOnlyList<(double Cpu, int Renewals, long Connections)>> SampleAsync(int seconds)
        {
            var samples = new List<(double, int, long)>();
            while (samples.Count < seconds)
            {
                var (cpu, renewed, beginning) = (Cpu.Of(service.Id), agents.Renewals, Stopwatch.GetTimestamp());
                await Task.Delay(TimeSpan.FromSeconds(1));
                samples.Add((
                    (Cpu.Of(service.Id) - cpu) / Stopwatch.GetElapsedTime(beginning).TotalSeconds,
                    agents.Renewals - renewed,
                    await CountAsync(bench, $"pg_stat_activity WHERE application_name = '{Name}'")));
            }

            return samples;
        }
    }

    private static async Task ReadAsync(Bench bench, ServiceProcess service, IReadOnlyList<string> documents, IReadOnlyList<string> tags)
    {
        var stock = Load(index => [$"HEAD {documents[index]}", $"GET {documents[index]}"], reconnects: true);
        var kinds = new (string Name, SocketLoad Load, List<Measurement> Measured)[]
        {
            ("GET, connections kept", Load(index => [$"GET {documents[index]}"]), []),
            ("GET with If-None-Match: 304, connections kept", Load(index => [$"GET {documents[index]}\nIf-None-Match: {tags[index]}"]), []),
            ("HEAD, connections kept", Load(index => [$"HEAD {documents[index]}"]), []),
            ("os-collect-config: HEAD and GET, a new connection for the two", stock, []),
        };
        for (var run = 0; run <= Runs; run++)
        {
            foreach (var (_, load, measured) in kinds)
            {
                var measurement = await Measurement.TakeAsync(bench, service, () => load.RunAsync(ReadingConnections));
                if (run > 0)
                {
                    measured.Add(measurement);
                }
            }
        }

        Console.WriteLine();
        Console.WriteLine(
            $"Documents of {Count:N0} agents, of one deployment with a configuration of 2 KiB each; {Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {ReadingConnections} connections, {SocketLoad.Generator}; median (min–max):");
        Console.WriteLine("| request | /s | processor time of the service, µs | p50, p99 ms | CPU: service, database, generator |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var (name, _, measured) in kinds)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {Range(run => run.Load.Rate)} | {Range(run => run.ServiceMicroseconds)} | {Median(run => run.Load.P50Milliseconds):F1}, {Median(run => run.Load.P99Milliseconds):F1} | {Median(run => run.ServiceCpu):P0}, {Median(run => run.DatabaseCpu):P0}, {Median(run => run.GeneratorCpu):P0} |"));

            double Median(Func<Measurement, double> value) => measured.Select(value).Median();

            string Range(Func<Measurement, double> value) => string.Create(
                CultureInfo.InvariantCulture, $"{Median(value):F0} ({measured.Min(value):F0}–{measured.Max(value):F0})");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Each of them polling every {PollingInterval.TotalSeconds} s, one instance carries {kinds[^1].Measured.Select(run => run.Load.Rate).Median() * PollingInterval.TotalSeconds:N0} of OpenStack's agents."));

        SocketLoad Load(Func<int, string[]> exchange, bool reconnects = false) =>
            new(service.Address, Enumerable.Range(0, Count).Select(exchange), reconnects);
    }

    private static async Task SignalAsync(Bench bench, ServiceProcess service, StoredDeployments deployments, AgentAddresses addresses)
    {
        var signals = new HttpLoad(bench.Folder, service.Address, Enumerable.Range(1, Signals).Select(n =>
        {
            var id = StoredDeployments.IdOf(n);
            return new HttpLoad.Request("PUT", addresses.CreateSignalUrl(StoredDeployments.ProjectOf(n), id, id, run: id), Token: null, Signal);
        }));
        var pgbench = deployments.Updates();
        Console.WriteLine();
        Console.WriteLine(
            $"Signals, each of which ends a run; {Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator} and pgbench -M prepared:");
        Console.WriteLine(Measurement.Header("signals /s", "pgbench /s"));
        foreach (var connections in SignallingConnections)
        {
            var (applied, updated) = (new List<Measurement>(), new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                await deployments.FillAsync();
                var signal = await Measurement.TakeAsync(bench, service, () => signals.RunAsync(connections));
                await CheckAsync(bench, signal.Load, connections);
                await deployments.FillAsync();
                var update = await Measurement.TakeAsync(bench, service, () => pgbench.RunAsync(connections));
                if (run > 0)
                {
                    applied.Add(signal);
                    updated.Add(update);
                }
            }

            Console.WriteLine(Measurement.Row(connections.ToString(CultureInfo.InvariantCulture), applied, updated));
        }
    }

    /// <summary>Throws unless each signal ended a run.</summary>
    private static async Task CheckAsync(Bench bench, Load load, int connections)
    {
        var ended = await CountAsync(bench, "software_deployments WHERE status = 'COMPLETE'");
        if (ended > Signals - connections)
        {
            throw new InvalidOperationException($"{Signals} signals are too few for a run.");
        }

        if (ended < load.Rate * Measurement.Seconds)
        {
            throw new InvalidOperationException($"Of {load.Rate * Measurement.Seconds:F0} signals or more, only {ended} ended a run.");
        }
    }

    private static async Task<long> CountAsync(Bench bench, string from)
    {
        await using var ask = bench.Database.CreateCommand($"SELECT count(*) FROM {from}");
        return (long)(await ask.ExecuteScalarAsync())!;
    }

    /// <summary>Agents whose requests are held, each renewed as soon as it has its response.</summary>
    private sealed class Agents(ServiceProcess service, IReadOnlyList<string> documents, IReadOnlyList<string> tokens) : IAsyncDisposable
    {
        private const int StartsAtOnce = 100;
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
        private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
        private static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);

        private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.Address, Timeout = Patience };
        private readonly string[] tags = new string[documents.Count];
        private readonly TaskCompletionSource<long>?[] awaited = new TaskCompletionSource<long>?[documents.Count];
        private readonly CancellationTokenSource stopping = new();
        private readonly List<Task> holding = [];
        private int renewals;
        private int refusals;
        private int changes;

        /// <summary>The entity tags of their documents.</summary>
        public IReadOnlyList<string> Tags => tags;

        /// <summary>How often a request was renewed because its time was up.</summary>
        public int Renewals => Volatile.Read(ref renewals);

        /// <summary>How often a request was refused because there were too many at once.</summary>
        public int Refusals => Volatile.Read(ref refusals);

        /// <summary>Reads each document.</summary>
        public Task ReadAsync() => Parallel.ForEachAsync(
            Enumerable.Range(0, documents.Count), new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce }, async (agent, _) => await GetAsync(agent));

        /// <summary>Has each document held.</summary>
        public async Task HoldAsync()
        {
            foreach (var some in Enumerable.Range(0, documents.Count).Chunk(StartsAtOnce))
            {
                holding.AddRange(some.Select(HoldAsync));
                await Task.Delay(Pause);
            }
        }

        /// <summary>Waits until as many requests have been renewed as there are agents.</summary>
        public async Task RenewAsync()
        {
            for (var goal = Renewals + documents.Count; Renewals < goal;)
            {
                await Task.Delay(Pause);
            }
        }

        /// <summary>Makes a change of an agent's server.</summary>
        /// <returns>The milliseconds from the writer's response to the arrival of the whole document.</returns>
        public async Task<double> ChangeAsync(int agent)
        {
            await (holding.Find(task => task.IsFaulted) ?? Task.CompletedTask);
            var (n, arrival) = (agent + 1, new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
            Volatile.Write(ref awaited[agent], arrival);
            using var request = new HttpRequestMessage(
                HttpMethod.Put, $"/v1/{StoredDeployments.ProjectOf(n)}/software_deployments/{StoredDeployments.IdOf(n)}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens[n % tokens.Count]);
            request.Content = new StringContent($$$"""{"input_values": {"port": {{{++changes}}}}}""", Encoding.UTF8, "application/json");
            using var response = await service.Http.SendAsync(request);
            response.EnsureSuccessStatusCode();
            var written = Stopwatch.GetTimestamp();
            var arrived = await arrival.Task.WaitAsync(Patience);
            await Task.Delay(Pause); // until it is held again
            return Math.Max(0, Stopwatch.GetElapsedTime(written, arrived).TotalMilliseconds);
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await Task.WhenAll(holding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            http.Dispose();
            stopping.Dispose();
            await Task.Delay(Rest); // the service notices that they are gone
        }

        private async Task HoldAsync(int agent)
        {
            while (!stopping.IsCancellationRequested)
            {
                var status = await GetAsync(agent, "?wait=50");
                if (status == HttpStatusCode.NotModified)
                {
                    Interlocked.Increment(ref renewals);
                }
                else
                {
                    Volatile.Read(ref awaited[agent])?.TrySetResult(Stopwatch.GetTimestamp());
                }
            }
        }

        private async Task<HttpStatusCode> GetAsync(int agent, string query = "")
        {
            while (true)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, documents[agent] + query);
                if (tags[agent] is { } known)
                {
                    request.Headers.IfNoneMatch.ParseAdd(known);
                }

                using var response = await http.SendAsync(request, stopping.Token);
                if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotModified)
                {
                    tags[agent] = response.Headers.ETag!.Tag;
                    return response.StatusCode;
                }

                if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    response.EnsureSuccessStatusCode();
                }

                Interlocked.Increment(ref refusals);
                await Task.Delay(RetryPause * (0.5 + Random.Shared.NextDouble()), stopping.Token); // too many at once
            }
        }
    }
}
