using System.Buffers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Deployments.Api.Authentication;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Streaming;

/// <summary>
/// The change feed as server-sent events: the id of each is its cursor, the type what happened, the data the event. A client that does not take
/// what is sent to it is disconnected, soon where the service stops; no more than an event and the server's buffer is kept in text for it.
/// </summary>
internal sealed class EventStream(HttpContext context) : IFeedSink
{
    /// <summary>The media type of server-sent events.</summary>
    public const string MediaType = "text/event-stream";

    /// <summary>The type of the event that only has a cursor.</summary>
    public const string Bookmark = "bookmark";

    private readonly TimeProvider clock = context.RequestServices.GetRequiredService<TimeProvider>();
    private readonly TimeBudgets budgets = context.RequestServices.GetRequiredService<IOptions<TimeBudgets>>().Value;
    private readonly CancellationToken stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
    private readonly JsonSerializerOptions json = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.JsonSerializerOptions;

    public async Task WriteAsync(IReadOnlyList<FeedItem> items, CancellationToken cancellationToken)
    {
        var response = context.Response;
        if (!response.HasStarted)
        {
            response.ContentType = MediaType;
            response.Headers["X-Accel-Buffering"] = "no"; // nginx would collect events
            context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        }

        using var limit = new CancellationTokenSource(budgets.Bookmark, clock);
        await using var stop = stopping.Register(() => limit.CancelAfter(budgets.Stop));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await SseFormatter.WriteAsync(Items(items), response.Body, WriteData, timeout.Token);
            await response.Body.FlushAsync(timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            context.Abort();
            throw;
        }
    }

    public Task<bool> IsAuthenticatedAsync() => context.RequestServices.GetRequiredService<TokenVerification>().IsValidAsync(context.Request);

    private static async IAsyncEnumerable<SseItem<FeedEventDto?>> Items(IReadOnlyList<FeedItem> items)
    {
        foreach (var item in items)
        {
            yield return new SseItem<FeedEventDto?>(item.Event, item.Event?.Type.ToString().ToLowerInvariant() ?? Bookmark) { EventId = item.Cursor };
        }
    }

    private void WriteData(SseItem<FeedEventDto?> item, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = json.Encoder });
        if (item.Data is { } entry)
        {
            JsonSerializer.Serialize(writer, entry, json);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
    }
}
