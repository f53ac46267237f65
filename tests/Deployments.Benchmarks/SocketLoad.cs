using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Deployments.Benchmarks;

/// <summary>
/// GET and HEAD from many connections at once, made by threads of this process with plain sockets: wrk waits for the body of a response to
/// HEAD, and sends one request on a new connection, not two.
/// </summary>
/// <param name="address">The service.</param>
/// <param name="exchanges">In turn, over all connections: requests that are sent one after another, with their headers.</param>
/// <param name="reconnects">Whether each exchange has a connection of its own.</param>
internal sealed class SocketLoad(Uri address, IEnumerable<string[]> exchanges, bool reconnects)
{
    public const string Generator = "sockets of a thread for each connection";

    private const int BufferSize = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly byte[][][] exchanges =
        [.. exchanges.Select(requests => requests.Select(request => Encoding.ASCII.GetBytes(TextOf(request, address))).ToArray())];

    private int next;

    /// <summary>Measures exchanges: their rate and latency, each with its connecting where it has a connection of its own.</summary>
    public async Task<Load> RunAsync(int connections)
    {
        var started = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Factory.StartNew(
            () => Run(started), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var all = latencies.SelectMany(some => some).ToList();
        return new Load(all.Count / seconds, all.Median(), all.Quantile(0.99));
    }

    private List<double> Run(long started)
    {
        var (latencies, buffer) = (new List<double>(), new byte[BufferSize]);
        while (!IsOver())
        {
            var begun = Stopwatch.GetTimestamp();
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
            socket.Connect(IPAddress.Parse(address.Host), address.Port);
            do
            {
                foreach (var request in exchanges[(uint)Interlocked.Increment(ref next) % exchanges.Length])
                {
                    Send(socket, request, buffer);
                }

                latencies.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                begun = Stopwatch.GetTimestamp();
            }
            while (!reconnects && !IsOver());
        }

        return latencies;

        bool IsOver() => Stopwatch.GetElapsedTime(started).TotalSeconds >= Measurement.Seconds;
    }

    private static void Send(Socket socket, byte[] request, byte[] buffer)
    {
        socket.Send(request);
        var length = 0;
        do
        {
            length += socket.Receive(buffer.AsSpan(length)) is > 0 and var read
                ? read
                : throw new InvalidOperationException("The service has closed the connection before the end of a response, or it does not fit.");
        }
        while (!IsComplete(buffer.AsSpan(0, length), isHead: request.AsSpan().StartsWith("HEAD "u8)));
    }

    private static bool IsComplete(ReadOnlySpan<byte> response, bool isHead)
    {
        var headersEnd = response.IndexOf("\r\n\r\n"u8);
        if (headersEnd < 0)
        {
            return false;
        }

        var isUnchanged = response.StartsWith("HTTP/1.1 304 "u8);
        return isUnchanged || response.StartsWith("HTTP/1.1 200 "u8)
            ? isHead || isUnchanged || response[headersEnd..].EndsWith("\r\n0\r\n\r\n"u8) // documents are sent in chunks
            : throw new InvalidOperationException($"A request failed: {Encoding.UTF8.GetString(response)}");
    }

    private static string TextOf(string request, Uri address)
    {
        var (line, headers) = request.Split('\n', 2) is [var first, var others] ? (first, $"{others}\r\n") : (request, string.Empty);
        return $"{line} HTTP/1.1\r\nHost: {address.Authority}\r\n{headers}\r\n";
    }
}
