using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace Deployments.Benchmarks;

/// <summary>
/// The migration of a large database while the version before serves it, the completion of its events, and the way back: how long each takes,
/// and the longest response meanwhile.
/// </summary>
internal static class MigrateBenchmark
{
    private const string Before = "20261123202734_OnceAndInTime";
    private const int Writers = 8;
    private const int Readers = 8;
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ThinkTime = TimeSpan.FromMilliseconds(10);

    public static async Task RunAsync(Bench bench)
    {
        if (CompareBenchmark.OtherProgram is not { } other)
        {
            Console.WriteLine(CompareBenchmark.Skipped);
            return;
        }

        await using var former = await bench.StartOtherServiceAsync(other);
        await Seed.Usual.FillAsync(bench.Database, FeedBenchmark.Rows);
        await using var load = new MixedLoad(bench, former);

        Console.WriteLine($"{Writers} writers and {Readers} readers of the version before, each with a pause of {ThinkTime.TotalMilliseconds} ms:");
        Console.WriteLine("| meanwhile | takes s | responses | not 200 | p99 ms | longest ms |");
        Console.WriteLine("|---|---|---|---|---|---|");
        await load.ReportAsync("nothing", () => Task.Delay(QuietTime));
        await load.ReportAsync("migrate", () => bench.RunServiceAsync(bench.Connection.ConnectionString, "migrate"));
        await using (var service = await bench.StartServiceAsync())
        {
            await load.ReportAsync("completion of its events", () => WaitForCompletionAsync(bench));
        }

        await load.ReportAsync($"migrate --to {Before}", () => bench.RunServiceAsync(bench.Connection.ConnectionString, "migrate", "--to", Before));
        await load.ReportAsync("nothing", () => Task.Delay(QuietTime));
    }

    private static async Task WaitForCompletionAsync(Bench bench)
    {
        await using var ask = bench.Database.CreateCommand("SELECT EXISTS (SELECT FROM deployment_events WHERE deleted IS NULL OFFSET 1000)");
        while ((bool)(await ask.ExecuteScalarAsync())!) // the version before goes on writing some
        {
            await Task.Delay(PollingInterval);
        }
    }

    private sealed class MixedLoad : IAsyncDisposable
    {
        private static readonly string[] Reads = ["software_deployments?limit=100", "software_deployments?limit=100&server_id=server-7", $"software_deployments/{Seed.Usual.IdOf(1)}"];

        private readonly HttpClient http;
        private readonly CancellationTokenSource stopping = new();
        private readonly List<Task> clients;
        private ConcurrentQueue<(double Milliseconds, bool IsOk)> responses = [];

        public MixedLoad(Bench bench, ServiceProcess service)
        {
            http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.Address };
            var (owner, receiver) = (bench.CreateToken(Seed.Project, "writer"), bench.CreateToken(Seed.Receiver, "reader"));
            clients =
            [
                .. Enumerable.Range(0, Writers).Select(n => Task.Run(() => SendAsync(() => Post(owner, n)))),
                .. Enumerable.Range(0, Readers).Select(n => Task.Run(() => SendAsync(() => n % 2 == 0
                    ? Get(Seed.Project, Reads[n % Reads.Length], owner)
                    : Get(Seed.Receiver, Reads[n % Reads.Length], receiver)))),
            ];
        }

        public async Task ReportAsync(string name, Func<Task> act)
        {
            responses = [];
            var started = Stopwatch.GetTimestamp();
            await act();
            var taken = Stopwatch.GetElapsedTime(started);
            var all = responses.ToList();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {taken.TotalSeconds:F1} | {all.Count} | {all.Count(response => !response.IsOk)} | {all.Select(response => response.Milliseconds).Quantile(0.99):F0} | {all.Max(response => response.Milliseconds):F0} |"));
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await Task.WhenAll(clients).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            http.Dispose();
            stopping.Dispose();
        }

        private static HttpRequestMessage Post(string token, int n) => new(HttpMethod.Post, $"/v1/{Seed.Project}/software_deployments")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
            Content = new StringContent(
                $$"""{"config_id": "config-{{n}}", "server_id": "server-{{n}}", "action": "CREATE", "stack_user_project_id": "{{Seed.Receiver}}"}""",
                Encoding.UTF8,
                "application/json"),
        };

        private static HttpRequestMessage Get(string project, string path, string token) => new(HttpMethod.Get, $"/v1/{project}/{path}")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        };

        private async Task SendAsync(Func<HttpRequestMessage> make)
        {
            while (!stopping.IsCancellationRequested)
            {
                using var request = make();
                var started = Stopwatch.GetTimestamp();
                using var response = await http.SendAsync(request, stopping.Token);
                await response.Content.ReadAsByteArrayAsync(stopping.Token);
                responses.Enqueue((Stopwatch.GetElapsedTime(started).TotalMilliseconds, response.IsSuccessStatusCode));
                await Task.Delay(ThinkTime, stopping.Token);
            }
        }
    }
}
