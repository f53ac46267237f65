using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Deployments.FaultTests.Support;

/// <summary>
/// In place of the OTLP receiver that Debian's Prometheus is too old for: receives a service's metrics where a newer Prometheus would, and
/// has a page for the older one to scrape.
/// </summary>
internal sealed class MetricsBridge : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Channel<Event> events = Channel.CreateUnbounded<Event>();
    private readonly WebApplication app;
    private volatile string page = string.Empty;
    private volatile string? unexpected;

    private MetricsBridge(WebApplication app)
    {
        this.app = app;
        app.MapPost("/api/v1/otlp/v1/metrics", async (HttpRequest request) =>
        {
            using var export = new MemoryStream();
            await request.Body.CopyToAsync(export);
            page = OtlpMetrics.ToText(export.ToArray());
            events.Writer.TryWrite(Event.Export);
        });
        app.MapGet("/metrics", () =>
        {
            events.Writer.TryWrite(Event.Scrape);
            return page;
        });
        app.MapFallback(context =>
        {
            unexpected = $"{context.Request.Method} {context.Request.Path}";
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    private enum Event
    {
        Export,
        Scrape,
    }

    public Uri Address => new(app.Urls.Single());

    /// <summary>A request for which a Prometheus has no receiver, such as one with traces.</summary>
    public string? Unexpected => unexpected;

    public static async Task<MetricsBridge> StartAsync()
    {
        var app = LoopbackServer.Create();
        var bridge = new MetricsBridge(app);
        await app.StartAsync();
        return bridge;
    }

    /// <summary>Returns when Prometheus has stored metrics that were measured after the call.</summary>
    public async Task WaitUntilStoredAsync()
    {
        using var timeout = new CancellationTokenSource(Timeout);
        while (events.Reader.TryRead(out _))
        {
            // It was before the call.
        }

        // The first export may have been measured before the call, and the first page is stored for certain when the next is read.
        foreach (var expected in new[] { Event.Export, Event.Export, Event.Scrape, Event.Scrape })
        {
            while (await events.Reader.ReadAsync(timeout.Token) != expected)
            {
                // It is the other one's.
            }
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
