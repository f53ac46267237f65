using System.Net;
using System.Net.Sockets;

namespace Deployments.Benchmarks;

/// <summary>Posting deployments to two services over one database: one sends its traces, metrics and logs to a collector, the other none.</summary>
internal static class TelemetryBenchmark
{
    private const int Connections = 64;
    private const int Runs = 7;

    public static async Task RunAsync(Bench bench)
    {
        await using var sink = new Sink();
        await using var quiet = await bench.StartServiceAsync();
        await using var telling = await bench.StartServiceAsync(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", sink.Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        var (off, on) = (WriteBenchmark.Posts(bench, quiet, keyed: false), WriteBenchmark.Posts(bench, telling, keyed: false));

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator}, {Connections} connections:");
        var (without, with) = (new List<Load>(), new List<Load>());
        for (var run = 0; run <= Runs; run++)
        {
            // Each goes first in every other run.
            var first = await RunOneAsync(run % 2 == 0 ? off : on);
            var second = await RunOneAsync(run % 2 == 0 ? on : off);
            if (run > 0)
            {
                without.Add(run % 2 == 0 ? first : second);
                with.Add(run % 2 == 0 ? second : first);
            }
        }

        var ratios = with.Zip(without, (one, other) => one.Rate / other.Rate).ToList();
        Console.WriteLine("| telemetry | POST /s | p50, p99 ms |");
        Console.WriteLine("|---|---|---|");
        Console.WriteLine(Row("off", without));
        Console.WriteLine(Row("on", with));
        Console.WriteLine($"Ratio, on to off: median {ratios.Median():F3} ({ratios.Min():F3}–{ratios.Max():F3}). The collector took {sink.Bytes / 1024.0 / 1024:F1} MiB.");

        async Task<Load> RunOneAsync(HttpLoad load)
        {
            await bench.ExecuteAsync(WriteBenchmark.Empty);
            return await load.RunAsync(Connections);
        }
    }

    private static string Row(string name, IReadOnlyCollection<Load> runs) =>
        $"| {name} | {runs.Select(run => run.Rate).Median():F0} | {runs.Select(run => run.P50Milliseconds).Median():F1}, {runs.Select(run => run.P99Milliseconds).Median():F1} |";

    /// <summary>A collector that takes OTLP over HTTP and throws it away.</summary>
    private sealed class Sink : IAsyncDisposable
    {
        private readonly HttpListener listener = new();
        private readonly Task taking;

        public Sink()
        {
            using var free = new TcpListener(IPAddress.Loopback, 0);
            free.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
            free.Stop();

            listener.Prefixes.Add($"{Address}/");
            listener.Start();
            taking = TakeAsync();
        }

        public string Address { get; }

        public long Bytes { get; private set; }

        public async ValueTask DisposeAsync()
        {
            listener.Close();
            await taking;
        }

        private async Task TakeAsync()
        {
            while (true)
            {
                try
                {
                    var context = await listener.GetContextAsync();
                    Bytes += context.Request.ContentLength64;
                    await context.Request.InputStream.CopyToAsync(Stream.Null);
                    context.Response.Close();
                }
                catch (Exception exception) when (exception is ObjectDisposedException or HttpListenerException)
                {
                    return;
                }
            }
        }
    }
}
