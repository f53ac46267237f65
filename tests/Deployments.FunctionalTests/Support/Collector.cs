using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Deployments.FunctionalTests.Support;

/// <summary>An OpenTelemetry collector that receives OTLP over HTTP and keeps the messages: protobuf, in which text is not encoded further.</summary>
internal sealed class Collector : IAsyncDisposable
{
    public static readonly IReadOnlyList<string> Signals = ["traces", "metrics", "logs"];

    private readonly ConcurrentQueue<(string Signal, byte[] Message)> received = [];
    private readonly WebApplication app;
    private TaskCompletionSource grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Collector(WebApplication app)
    {
        this.app = app;
        app.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var message = new MemoryStream();
            await request.Body.CopyToAsync(message);
            received.Enqueue((signal, message.ToArray()));
            Interlocked.Exchange(ref grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        });
    }

    public string Address => app.Urls.Single();

    /// <summary>The signals received.</summary>
    public IEnumerable<string> Received => received.Select(one => one.Signal);

    public static async Task<Collector> StartAsync()
    {
        var app = LoopbackServer.Create();
        var collector = new Collector(app);
        await app.StartAsync();
        return collector;
    }

    /// <summary>Waits until one message of the signal contains all of these.</summary>
    public async Task WaitForAsync(string signal, params byte[][] parts)
    {
        using var timeout = new CancellationTokenSource(Service.Timeout);
        while (true)
        {
            var growth = Volatile.Read(ref grown).Task;
            if (received.Any(one => one.Signal == signal && parts.All(part => Contains(one.Message, part))))
            {
                return;
            }

            await growth.WaitAsync(timeout.Token);
        }
    }

    /// <summary>Whether any received message contains the text.</summary>
    public bool Knows(string text) => Knows(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether any received message contains the bytes.</summary>
    public bool Knows(byte[] bytes) => received.Any(one => Contains(one.Message, bytes));

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static bool Contains(byte[] message, byte[] part) => message.AsSpan().IndexOf(part) >= 0;
}
