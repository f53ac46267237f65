using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Deployments.Benchmarks;

/// <summary>
/// The change feed: how soon those that wait are woken, on the instance that wrote and on another; what idle waiters cost; reading from an
/// old cursor; and a page of a large project beside one of a small one.
/// </summary>
internal static class FeedBenchmark
{
    private const string RowsSetting = "BENCHMARK_ROWS";
    private const string Small = "small";
    private const string Other = "other";
    private const int SmallRows = 10;
    private const int MaxWaiting = 20_000;
    private const int Changes = 200;
    private const int ChangesForAll = 5;
    private const int PageSize = 1_000;
    private const int CatchUps = 3;
    private const int CaughtUp = 1_000_000;
    private const int Pages = 300;
    private const int IdleWaiters = 10_000;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);

    // Until as many as that all wait: their first reads take turns.
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(20);
    private static readonly ConcurrentDictionary<string, string> Tokens = [];

    /// <summary>How many deployments the large project has.</summary>
    public static int Rows => int.Parse(Environment.GetEnvironmentVariable(RowsSetting) ?? "1000000", CultureInfo.InvariantCulture);

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync(("Deployments:MaxWaiting", $"{MaxWaiting}"));
        await using var other = await bench.StartServiceAsync(
            ("Deployments:MaxWaiting", $"{MaxWaiting}"), ("ConnectionStrings:Deployments", $"{bench.Connection};Application Name={Other}"));

        Console.WriteLine($"From the writer's response to the watcher's, {Changes} changes of one project after another ({ChangesForAll} where all wait for it):");
        Console.WriteLine("| held requests | projects | woken by one change | writer's instance | p50 ms | p99 ms | longest ms |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var (waiters, projects, isShared) in new[] { (1, 1, false), (1_000, 100, false), (10_000, 10_000, false), (10_000, 1, true) })
        {
            await WakeAsync(bench, service, other, waiters, projects, isShared);
        }

        await IdleAsync(bench, other);
        await Seed.Usual.FillAsync(bench.Database, Rows);
        await CatchUpAsync(bench, service);
        await PageAsync(bench, service);
    }

    private static async Task WakeAsync(Bench bench, ServiceProcess service, ServiceProcess other, int count, int projects, bool isShared)
    {
        await using var waiters = await Waiters.StartAsync(bench, service, count, projects, isShared);
        await Task.Delay(count < IdleWaiters ? Rest : SettleTime);
        foreach (var (name, writer) in new[] { ("the same", service), ("another", other) })
        {
            var times = new List<double>();
            for (var change = 0; change < (isShared ? ChangesForAll : Changes); change++)
            {
                times.AddRange(await waiters.ChangeAsync(writer, waiter: change * 37 % count));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {count:N0} | {projects:N0} | {(isShared ? count : 1):N0} | {name} | {times.Median():F1} | {times.Quantile(0.99):F1} | {times.Max():F1} |"));
        }
    }

    private static async Task IdleAsync(Bench bench, ServiceProcess service)
    {
        var before = (service.Memory, Cpu: await CpuAsync(), Connections: await CountConnectionsAsync(bench));
        await using var waiters = await Waiters.StartAsync(bench, service, IdleWaiters, IdleWaiters, isShared: false);
        await Task.Delay(SettleTime);
        var idle = await CpuAsync();
        var connections = await CountConnectionsAsync(bench);
        Console.WriteLine();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{IdleWaiters:N0} waiters of as many projects: {service.Memory - before.Memory:F0} MiB more, {idle:P1} of a core while none of them renews (without them {before.Cpu:P1}), {waiters.Refusals:N0} requests refused with 503 and repeated. Database connections: {connections}, without them {before.Connections}."));

        var cpu = Cpu.Of(service.Id);
        await waiters.RenewAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"A renewal, once in 50 s for each: {(Cpu.Of(service.Id) - cpu) / IdleWaiters * 1e6:F0} µs of processor time."));

        async Task<double> CpuAsync()
        {
            var started = Cpu.Of(service.Id);
            await Task.Delay(IdleTime);
            return (Cpu.Of(service.Id) - started) / IdleTime.TotalSeconds;
        }
    }

    private static async Task<long> CountConnectionsAsync(Bench bench)
    {
        await using var ask = bench.Database.CreateCommand($"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{Other}'");
        return (long)(await ask.ExecuteScalarAsync())!;
    }

    private static async Task CatchUpAsync(Bench bench, ServiceProcess service)
    {
        Console.WriteLine();
        foreach (var project in new[] { Seed.Project, Seed.Receiver })
        {
            var rates = new List<double>();
            for (var run = 0; run < CatchUps; run++)
            {
                var (events, cursor, started) = (0, string.Empty, Stopwatch.GetTimestamp());
                for (var read = PageSize; read == PageSize && events < CaughtUp; events += read)
                {
                    using var page = await GetAsync(bench, service, project, $"?limit={PageSize}{cursor}");
                    read = page.RootElement.GetProperty("events").GetArrayLength();
                    cursor = $"&after={page.RootElement.GetProperty("next").GetString()}";
                }

                rates.Add(events / Stopwatch.GetElapsedTime(started).TotalSeconds);
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Catching up as {project}, one reader of pages of {PageSize:N0}: {rates.Median():F0} events a second ({rates.Min():F0}–{rates.Max():F0})."));
        }
    }

    private static async Task PageAsync(Bench bench, ServiceProcess service)
    {
        for (var n = 0; n < SmallRows; n++)
        {
            await PostAsync(bench, service, Small, "server");
        }

        // From all over the feed, each followed by as many events as the small one has.
        var (large, small) = (new List<double>(), new List<double>());
        var cursors = await FindCursorsAsync(
            bench, service, Enumerable.Range(0, SmallRows).Select(place => Seed.Usual.IdOf((int)((long)place * (Rows - SmallRows) / SmallRows))));

        for (var round = 0; round < Pages; round++)
        {
            large.Add(await TimeAsync(Seed.Project, $"?limit={SmallRows}&after={cursors[round % cursors.Count]}"));
            small.Add(await TimeAsync(Small, $"?limit={SmallRows}"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"A page of {SmallRows} events: {large.Skip(Pages / 10).Median():F2} ms of {Rows:N0}, {small.Skip(Pages / 10).Median():F2} ms of {SmallRows}: {large.Skip(Pages / 10).Median() / small.Skip(Pages / 10).Median():F2}."));

        async Task<double> TimeAsync(string project, string query)
        {
            var started = Stopwatch.GetTimestamp();
            using var page = await GetAsync(bench, service, project, query);
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
    }

    /// <summary>The cursors after the first events of these deployments, which are in the order of the feed.</summary>
    public static async Task<IReadOnlyList<string>> FindCursorsAsync(Bench bench, ServiceProcess service, IEnumerable<Guid> deployments)
    {
        var (cursors, after) = (new List<string>(), string.Empty);
        foreach (var id in deployments)
        {
            for (var isFound = false; !isFound;)
            {
                using var page = await GetAsync(bench, service, Seed.Project, $"?limit=1&deployment_id={id}{after}");
                isFound = page.RootElement.GetProperty("events").GetArrayLength() > 0; // a search ends after a while, and goes on from there
                var next = $"&after={page.RootElement.GetProperty("next").GetString()}";
                after = isFound || next != after ? next : throw new InvalidOperationException($"The feed has no event of {id}.");
            }

            cursors.Add(after["&after=".Length..]);
        }

        return cursors;
    }

    private static async Task<JsonDocument> GetAsync(Bench bench, ServiceProcess service, string project, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/{project}/events{query}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf(bench, project));
        using var response = await service.Http.SendAsync(request);
        return JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
    }

    private static async Task<string> PostAsync(Bench bench, ServiceProcess service, string project, string server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/{project}/software_deployments");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf(bench, project));
        request.Content = new StringContent($$"""{"config_id": "config", "server_id": "{{server}}"}""", Encoding.UTF8, "application/json");
        using var response = await service.Http.SendAsync(request);
        using var body = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
        return body.RootElement.GetProperty("software_deployment").GetProperty("id").GetString()!;
    }

    private static string TokenOf(Bench bench, string project) => Tokens.GetOrAdd(project, static (project, bench) => bench.CreateToken(project, "watcher"), bench);

    /// <summary>Requests that are held, each renewed as soon as it has its response. Each waits for a server of its own, or all for one.</summary>
    private sealed class Waiters : IAsyncDisposable
    {
        private const int StartsAtOnce = 100;
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
        private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

        private readonly Bench bench;
        private readonly int projects;
        private readonly bool isShared;
        private readonly HttpClient http;
        private readonly string[] cursors;
        private readonly CancellationTokenSource stopping = new();
        private readonly ConcurrentDictionary<string, ConcurrentQueue<long>> seen = [];
        private Task[] waiting = [];
        private int responses;
        private int refusals;

        private Waiters(Bench bench, ServiceProcess service, int count, int projects, bool isShared)
        {
            this.bench = bench;
            this.projects = projects;
            this.isShared = isShared;
            cursors = new string[count];
            http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.Address, Timeout = TimeSpan.FromMinutes(2) };
        }

        /// <summary>How often a request was refused because there were too many at once.</summary>
        public int Refusals => Volatile.Read(ref refusals);

        public static async Task<Waiters> StartAsync(Bench bench, ServiceProcess service, int count, int projects, bool isShared)
        {
            var waiters = new Waiters(bench, service, count, projects, isShared);
            await waiters.StartAsync();
            return waiters;
        }

        /// <summary>Makes a change for which one of them waits, or all.</summary>
        /// <returns>The milliseconds from the writer's response to each watcher's.</returns>
        public async Task<IReadOnlyList<double>> ChangeAsync(ServiceProcess writer, int waiter)
        {
            var id = await PostAsync(bench, writer, ProjectOf(waiter), ServerOf(waiter));
            var written = Stopwatch.GetTimestamp();
            var expected = isShared ? cursors.Length : 1;
            ConcurrentQueue<long> times;
            while ((times = seen.GetOrAdd(id, _ => [])).Count < expected)
            {
                if (Stopwatch.GetElapsedTime(written) > Patience)
                {
                    throw new InvalidOperationException($"Only {times.Count} of {expected} watchers were woken.");
                }

                await Task.Delay(Pause);
            }

            await Task.Delay(isShared ? Rest : Pause); // until they wait again
            return [.. times.Select(time => Math.Max(0, Stopwatch.GetElapsedTime(written, time).TotalMilliseconds))];
        }

        /// <summary>Waits until each of them has been renewed, when the time of its wait is up.</summary>
        public async Task RenewAsync()
        {
            for (var goal = Volatile.Read(ref responses) + cursors.Length; Volatile.Read(ref responses) < goal;)
            {
                await Task.Delay(Pause);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await Task.WhenAll(waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            http.Dispose();
            stopping.Dispose();
            await Task.Delay(Rest); // the service notices that they are gone
        }

        private async Task StartAsync()
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, cursors.Length), new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce }, async (waiter, _) =>
            {
                using var page = await GetAsync(waiter, "now");
                cursors[waiter] = page.RootElement.GetProperty("next").GetString()!;
            });
            waiting = [.. Enumerable.Range(0, cursors.Length).Select(WaitAsync)];
        }

        private async Task WaitAsync(int waiter)
        {
            while (!stopping.IsCancellationRequested)
            {
                using var page = await GetAsync(waiter, $"{cursors[waiter]}&wait=50{(isShared ? string.Empty : $"&server_id={ServerOf(waiter)}")}");
                var time = Stopwatch.GetTimestamp();
                cursors[waiter] = page.RootElement.GetProperty("next").GetString()!;
                foreach (var entry in page.RootElement.GetProperty("events").EnumerateArray())
                {
                    seen.GetOrAdd(entry.GetProperty("deployment_id").GetString()!, _ => []).Enqueue(time);
                }

                Interlocked.Increment(ref responses);
            }
        }

        private async Task<JsonDocument> GetAsync(int waiter, string after)
        {
            while (true)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/{ProjectOf(waiter)}/events?after={after}");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf(bench, ProjectOf(waiter)));
                using var response = await http.SendAsync(request, stopping.Token);
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    return JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(stopping.Token));
                }

                Interlocked.Increment(ref refusals);
                await Task.Delay(RetryPause * (0.5 + Random.Shared.NextDouble()), stopping.Token); // too many at once
            }
        }

        private string ProjectOf(int waiter) => $"watched-{waiter % projects}";

        private string ServerOf(int waiter) => isShared ? "server" : $"server-{waiter / projects}";
    }
}
