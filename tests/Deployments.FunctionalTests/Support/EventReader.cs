using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Deployments.FunctionalTests.Support;

/// <summary>A client of server-sent events.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly HttpResponseMessage response;
    private readonly IAsyncEnumerator<SseItem<string>> items;

    private EventReader(HttpResponseMessage response, Stream body)
    {
        this.response = response;
        items = SseParser.Create(body).EnumerateAsync().GetAsyncEnumerator();
    }

    /// <summary>Unlike that of a service, it does not read responses to their end.</summary>
    public static HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false });

    public HttpResponseHeaders Headers => response.Headers;

    public string RequestId => Headers.GetValues(ApiResponse.RequestIdHeader).Single();

    public string? ContentType => response.Content.Headers.ContentType?.ToString();

    /// <summary>Opens a stream of a project's feed, of which the service says that it is one.</summary>
    public static async Task<EventReader> OpenAsync(
        Service service, string project, string query = "", string? lastEventId = null, string? token = null, string accept = "text/event-stream")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Address, $"/v1/{project}/events{query}"));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? new Token(project).ToString());
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return response.StatusCode == HttpStatusCode.OK
            ? new EventReader(response, await response.Content.ReadAsStreamAsync())
            : throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
    }

    /// <summary>The next event or bookmark; null at the end of the stream.</summary>
    public async Task<(string Type, string Id, JsonElement Data)?> ReadAsync() =>
        await items.MoveNextAsync().AsTask().WaitAsync(Service.Timeout)
            ? (items.Current.EventType, items.Current.EventId!, JsonElement.Parse(items.Current.Data))
            : null;

    /// <summary>The next event, after any bookmarks.</summary>
    public async Task<(string Type, string Id, JsonElement Data)> ReadEventAsync()
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Service.Timeout;)
        {
            var item = await ReadAsync() ?? throw new InvalidOperationException("The stream has ended.");
            if (item.Type != "bookmark")
            {
                return item;
            }
        }

        throw new TimeoutException("The stream has only bookmarks.");
    }

    /// <summary>Reads to the end of the stream.</summary>
    /// <returns>The types of what it had.</returns>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        var types = new List<string>();
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Service.Timeout;)
        {
            if (await ReadAsync() is not { } item)
            {
                return types;
            }

            types.Add(item.Type);
        }

        throw new TimeoutException("The stream does not end.");
    }

    public ValueTask DisposeAsync()
    {
        response.Dispose();
        return ValueTask.CompletedTask;
    }
}
