using System.Net;

namespace Deployments.Benchmarks;

/// <summary>Posting deployments to two services over one database: one sends traces, metrics and logs to a collector, the other does not.</summary>
internal static class TelemetryBenchmark
{
    private const int Connections = 64;

    // The expected difference is a few percent, so there are many short runs: other load of the machine affects both runs of a pair.
    private const int Runs = 30;
    private const int Seconds = 2;
    private const int WarmUps = 3;

    public static async Task RunAsync(Bench bench)
    {
        await using var sink = new Sink();
        await using var quiet = await bench.StartServiceAsync();
        await using var telling = await bench.StartServiceAsync(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", sink.Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        var (off, on) = (WriteBenchmark.Posts(bench, quiet, keyed: false), WriteBenchmark.Posts(bench, telling, keyed: false));

        Console.WriteLine($"{Runs} runs of {Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator}:");
        Console.WriteLine(Measurement.Header("POST /s with a collector", "POST /s without"));
        var (with, without) = (new List<Measurement>(), new List<Measurement>());
        for (var run = -WarmUps; run < Runs; run++)
        {
            // Each is first in every other run.
            if (run % 2 == 0)
            {
                without.Add(await RunOneAsync(quiet, off));
                with.Add(await RunOneAsync(telling, on));
            }
            else
            {
                with.Add(await RunOneAsync(telling, on));
                without.Add(await RunOneAsync(quiet, off));
            }
        }

        Console.WriteLine(Measurement.Row($"{Connections}", with[WarmUps..], without[WarmUps..]));
        Console.WriteLine(
            $"Processor time of the service for a POST: {MicrosecondsEach(with):F1} µs with, {MicrosecondsEach(without):F1} µs without. The collector received {sink.Bytes / 1024.0 / 1024:F1} MiB.");

        async Task<Measurement> RunOneAsync(ServiceProcess service, HttpLoad load)
        {
            await bench.ExecuteAsync(WriteBenchmark.Empty);
            return await Measurement.TakeAsync(bench, service, () => load.RunAsync(Connections, Seconds), Seconds);
        }
    }

    private static double MicrosecondsEach(IEnumerable<Measurement> runs) => runs.Skip(WarmUps).Select(run => run.ServiceMicroseconds).Median();

    /// <summary>A collector that receives OTLP over HTTP and discards it.</summary>
    private sealed class Sink : IAsyncDisposable
    {
        private readonly HttpListener listener = new();
        private readonly Task taking;

        public Sink()
        {
            Address = $"http://127.0.0.1:{Ports.Free()}";
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
