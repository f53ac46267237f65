using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Deployments.Benchmarks;

/// <summary>
/// Many streams of one project on one instance: what they cost while they are idle, how soon an event and a burst of events reach them, and what
/// it is to them that a tenth of the clients do not read.
/// </summary>
internal static class StreamsBenchmark
{
    private const string Setting = "BENCHMARK_STREAMS";
    private const int Rounds = 3;
    private const int SingleEvents = 5;
    private const int BurstEvents = 100;
    private const int FillingEvents = 100;
    private const int FillingBytes = 10_000;
    private const int IdleSeconds = 45;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongRest = TimeSpan.FromSeconds(30);

    private static int Count => int.Parse(Environment.GetEnvironmentVariable(Setting) ?? "10000", CultureInfo.InvariantCulture);

    public static async Task RunAsync(Bench bench)
    {
        // One project has at most half of them.
        await using var service = await bench.StartServiceAsync(("Deployments:MaxWaiting", $"{2 * Count}"));
        await using var streams = new Streams(bench, service, Count);
        await streams.PostAsync(Streams.Watched);
        await IdleAsync(service, streams);

        var (reading, besideSlow, ends) = (new List<Round>(), new List<Round>(), new List<(double Seconds, double Memory)>());
        for (var round = 0; round < Rounds; round++)
        {
            reading.Add(await Round.RunAsync(service, streams));

            streams.StopReadingATenth();
            var filled = Stopwatch.GetTimestamp();
            for (var filling = 0; filling < FillingEvents; filling++)
            {
                await streams.PostAsync(Streams.Filling, new string('x', FillingBytes));
            }

            besideSlow.Add(await Round.RunAsync(service, streams));
            await streams.WaitUntilTheTenthIsEndedAsync();
            ends.Add((Stopwatch.GetElapsedTime(filled).TotalSeconds, service.Memory));
            await streams.OpenAsync();
        }

        Console.WriteLine();
        Console.WriteLine(
            $"From the writer's response to the event of each of the nine tenths that always read; medians of {Rounds} rounds, alternating, of {SingleEvents} events one by one and a burst of {BurstEvents}:");
        Console.WriteLine("| the other tenth | one: p50 ms | p99 ms | longest ms | burst: p50 ms | p99 ms | longest ms | processor time of an event for a stream, µs: one, burst | memory at most, MiB |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        Console.WriteLine(Round.Row("reads too", reading));
        Console.WriteLine(Round.Row("does not read", besideSlow));
        Console.WriteLine();
        var open = service.Memory;
        await streams.CloseAsync();
        await Task.Delay(LongRest);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Those that do not read were ended {ends.Select(end => end.Seconds).Median():F0} s ({ends.Min(end => end.Seconds):F0}–{ends.Max(end => end.Seconds):F0}) after the first event that they did not read. Memory then: {string.Join(", ", ends.Select(end => $"{end.Memory:F0}"))} MiB in the rounds; at the end {open:F0} with all streams open, {service.Memory:F0} MiB {LongRest.TotalSeconds} s after they were closed."));
    }

    private static async Task IdleAsync(ServiceProcess service, Streams streams)
    {
        var before = (service.Memory, Cpu: (await SampleAsync((int)LongRest.TotalSeconds)).Average(second => second.Cpu));
        var started = Stopwatch.GetTimestamp();
        await streams.OpenAsync();
        var opening = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await Task.Delay(Rest);
        var seconds = await SampleAsync(IdleSeconds);
        var memory = service.Memory;
        var (bookmarks, quiet) = (seconds.Sum(second => second.Bookmarks), seconds.Where(second => second.Bookmarks == 0).Select(second => second.Cpu).ToList());
        var eachBookmark = quiet.Count == 0 ? "every second has bookmarks" : string.Create(
            CultureInfo.InvariantCulture,
            $"{quiet.Average():P1} in the {quiet.Count} s without bookmarks, {(seconds.Sum(second => second.Cpu) - (quiet.Average() * IdleSeconds)) / bookmarks * 1e6:F0} µs a bookmark");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Count:N0} streams of one project were open after {opening:F1} s, {streams.Refusals:N0} requests refused with 503 and repeated meanwhile."));
        Console.WriteLine();
        Console.WriteLine("| | memory MiB | processor time of the service, of a core |");
        Console.WriteLine("|---|---|---|");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| before | {before.Memory:F0} | {before.Cpu:P1} |"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| idle | {memory:F0}, {(memory - before.Memory) * 1024 / Count:F0} KiB a stream | {seconds.Average(second => second.Cpu):P1}, {bookmarks / IdleSeconds} bookmarks a second: {eachBookmark} |"));

        async Task<IReadOnlyList<(double Cpu, int Bookmarks)>> SampleAsync(int count)
        {
            var samples = new List<(double, int)>();
            while (samples.Count < count)
            {
                var (cpu, received, beginning) = (Cpu.Of(service.Id), streams.Bookmarks, Stopwatch.GetTimestamp());
                await Task.Delay(TimeSpan.FromSeconds(1));
                samples.Add(((Cpu.Of(service.Id) - cpu) / Stopwatch.GetElapsedTime(beginning).TotalSeconds, streams.Bookmarks - received));
            }

            return samples;
        }
    }

    /// <summary>Events one by one, and a burst of them: the milliseconds to each stream, the processor time for each, and the memory.</summary>
    private sealed record Round(IReadOnlyList<double> One, IReadOnlyList<double> Burst, double OneCpu, double BurstCpu, double Memory)
    {
        public static async Task<Round> RunAsync(ServiceProcess service, Streams streams)
        {
            var running = RunAsync();
            var memory = await service.MaxMemoryAsync(running);
            var (one, burst, cpu) = await running;
            return new Round(one, burst, cpu.One / SingleEvents / Count * 1e6, cpu.Burst / BurstEvents / Count * 1e6, memory);

            async Task<(List<double> One, List<double> Burst, (double One, double Burst) Cpu)> RunAsync()
            {
                var (one, before) = (new List<double>(), Cpu.Of(service.Id));
                for (var single = 0; single < SingleEvents; single++)
                {
                    one.AddRange(await streams.ReachAllAsync());
                }

                var between = Cpu.Of(service.Id);
                var burst = await Task.WhenAll(Enumerable.Range(0, BurstEvents).Select(_ => streams.ReachAllAsync()));
                return (one, [.. burst.SelectMany(times => times)], (between - before, Cpu.Of(service.Id) - between));
            }
        }

        public static string Row(string name, IReadOnlyList<Round> rounds)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {Latency(round => round.One)} | {Latency(round => round.Burst)} | {Median(round => round.OneCpu):F1}, {Median(round => round.BurstCpu):F1} | {rounds.Max(round => round.Memory):F0} |");

            double Median(Func<Round, double> value) => rounds.Select(value).Median();

            string Latency(Func<Round, IReadOnlyList<double>> times) => string.Create(
                CultureInfo.InvariantCulture,
                $"{Median(round => times(round).Median()):F1} | {Median(round => times(round).Quantile(0.99)):F1} | {Median(round => times(round).Max()):F1}");
        }
    }

    /// <summary>The clients of the streams. The first tenth can be made to stop reading, and is not measured.</summary>
    private sealed class Streams : IAsyncDisposable
    {
        /// <summary>The server whose events reach all.</summary>
        public const string Watched = "watched";

        /// <summary>The server whose events reach only those that may stop reading, to fill their buffers.</summary>
        public const string Filling = "filling";

        private const string Project = "streamed";
        private const int StartsAtOnce = 100;
        private const int SmallBuffer = 8 * 1024;
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
        private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
        private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(500);

        /// <summary>The address of these clients, by which their connections are told from the writers'.</summary>
        private static readonly IPAddress Address = new([127, 0, 0, 2]);

        private readonly ServiceProcess service;
        private readonly AuthenticationHeaderValue authorization;
        private readonly HttpClient http;
        private readonly HttpClient slowHttp;
        private readonly Task[] reading;
        private readonly CancellationTokenSource stopping = new();
        private readonly ConcurrentDictionary<Guid, ConcurrentQueue<long>> seen = [];
        private TaskCompletionSource? stopped;
        private int bookmarks;
        private int refusals;

        public Streams(Bench bench, ServiceProcess service, int count)
        {
            this.service = service;
            authorization = new AuthenticationHeaderValue("Bearer", bench.CreateToken(Project, "watcher"));
            reading = [.. Enumerable.Repeat(Task.CompletedTask, count)];
            (http, slowHttp) = (CreateHttp(), CreateHttp(SmallBuffer));
        }

        /// <summary>How many bookmarks were received.</summary>
        public int Bookmarks => Volatile.Read(ref bookmarks);

        /// <summary>How often a stream was refused because there were too many at once.</summary>
        public int Refusals => refusals;

        private int Slow => reading.Length / 10;

        /// <summary>Opens the streams that are not open.</summary>
        public async Task OpenAsync()
        {
            var closed = Enumerable.Range(0, reading.Length).Where(stream => reading[stream].IsCompleted).ToList();
            await Parallel.ForEachAsync(closed, new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce }, async (stream, cancellationToken) =>
            {
                var response = await (stream < Slow ? RequestAsync(slowHttp, string.Empty) : RequestAsync(http, $"&server_id={Watched}"));
                var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                reading[stream] = ReadAsync(response, stream < Slow, open);
                await open.Task.WaitAsync(Patience, cancellationToken);
            });
        }

        public void StopReadingATenth() => stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Waits until the service has closed the connections of those that do not read.</summary>
        public async Task WaitUntilTheTenthIsEndedAsync()
        {
            for (var started = Stopwatch.GetTimestamp(); CountOpen() > reading.Length - Slow;)
            {
                if (Stopwatch.GetElapsedTime(started) > Patience)
                {
                    throw new InvalidOperationException($"Of {Slow} streams that are not read, only {reading.Length - CountOpen()} were ended.");
                }

                await Task.Delay(PollingInterval);
            }

            stopped!.SetResult();
            stopped = null;
            await Task.WhenAll(reading[..Slow]).WaitAsync(Patience);
        }

        public async Task<Guid> PostAsync(string server, string reason = "reason")
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/{Project}/software_deployments");
            request.Headers.Authorization = authorization;
            request.Content = new StringContent(
                $$"""{"config_id": "config", "server_id": "{{server}}", "status_reason": "{{reason}}"}""", Encoding.UTF8, "application/json");
            using var response = await service.Http.SendAsync(request);
            using var body = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
            return body.RootElement.GetProperty("software_deployment").GetProperty("id").GetGuid();
        }

        /// <summary>Makes an event that reaches all.</summary>
        /// <returns>The milliseconds from the writer's response to each watcher's event.</returns>
        public async Task<IReadOnlyList<double>> ReachAllAsync()
        {
            var id = await PostAsync(Watched);
            var written = Stopwatch.GetTimestamp();
            ConcurrentQueue<long> times;
            while ((times = seen.GetOrAdd(id, _ => [])).Count < reading.Length - Slow)
            {
                if (Stopwatch.GetElapsedTime(written) > Patience)
                {
                    throw new InvalidOperationException($"Only {times.Count} of {reading.Length - Slow} streams have the event.");
                }

                await Task.Delay(Pause);
            }

            return [.. times.Select(time => Math.Max(0, Stopwatch.GetElapsedTime(written, time).TotalMilliseconds))];
        }

        public async Task CloseAsync()
        {
            await stopping.CancelAsync();
            await Task.WhenAll(reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        public async ValueTask DisposeAsync()
        {
            stopped?.TrySetResult();
            await CloseAsync();
            http.Dispose();
            slowHttp.Dispose();
            stopping.Dispose();
        }

        /// <summary>Connects as over Ethernet: the kernel's buffers for the large segments of the loopback would hold megabytes of each stream.</summary>
        private HttpClient CreateHttp(int? receiveBuffer = null)
        {
            const int tcp = 6;
            const int maximumSegment = 2;
            const int ethernet = 1460;
            return new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync }) { BaseAddress = service.Address, Timeout = Patience };

            async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(Address, 0));
                socket.SetRawSocketOption(tcp, maximumSegment, BitConverter.GetBytes(ethernet));
                socket.ReceiveBufferSize = receiveBuffer ?? socket.ReceiveBufferSize;
                await socket.ConnectAsync(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
        }

        /// <summary>How many of the clients' connections the service has not closed. A client that does not read does not notice it.</summary>
        private int CountOpen()
        {
            const int local = 1;
            const int remote = 2;
            const int file = 9;
            var (port, client) = ($":{service.Address.Port:X4}", $"{BitConverter.ToUInt32(Address.GetAddressBytes()):X8}:");
            return File.ReadLines("/proc/net/tcp").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Count(fields => fields[local].EndsWith(port, StringComparison.Ordinal) && fields[remote].StartsWith(client, StringComparison.Ordinal) && fields[file] != "0");
        }

        private async Task<HttpResponseMessage> RequestAsync(HttpClient http, string filter)
        {
            while (true)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/{Project}/events?after=now{filter}");
                request.Headers.Authorization = authorization;
                request.Headers.Accept.ParseAdd("text/event-stream");
                var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stopping.Token);
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    return response.EnsureSuccessStatusCode();
                }

                response.Dispose();
                Interlocked.Increment(ref refusals);
                await Task.Delay(RetryPause * (0.5 + Random.Shared.NextDouble()), stopping.Token);
            }
        }

        private async Task ReadAsync(HttpResponseMessage response, bool isSlow, TaskCompletionSource open)
        {
            using var owned = response;
            try
            {
                await using var body = await response.Content.ReadAsStreamAsync(stopping.Token);
                await foreach (var item in SseParser.Create(body, Parse).EnumerateAsync(stopping.Token))
                {
                    if (item.Data is not { } id)
                    {
                        Interlocked.Increment(ref bookmarks);
                        open.TrySetResult();
                    }
                    else if (!isSlow)
                    {
                        seen.GetOrAdd(id, _ => []).Enqueue(Stopwatch.GetTimestamp());
                    }

                    if (isSlow && stopped is { } pause)
                    {
                        await pause.Task;
                    }
                }
            }
            catch (IOException)
            {
                // The service has closed the connection.
            }

            open.TrySetException(new InvalidOperationException("The stream has ended before its first bookmark."));
        }

        /// <summary>The id of the deployment; null for a bookmark.</summary>
        private static Guid? Parse(string type, ReadOnlySpan<byte> data)
        {
            if (type == "bookmark")
            {
                return null;
            }

            var reader = new Utf8JsonReader(data);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("deployment_id"u8))
                {
                    reader.Read();
                    return reader.GetGuid();
                }
            }

            throw new InvalidOperationException("The event has no deployment.");
        }
    }
}
