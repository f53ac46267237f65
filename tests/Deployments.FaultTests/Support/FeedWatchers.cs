using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using NUnit.Framework;

namespace Deployments.FaultTests.Support;

/// <summary>
/// Watchers of a project's feed, half of them by pages and half by streams, that take each page and each stream from another address, whatever
/// happens there, and keep what they have seen. After a 410 they begin anew.
/// </summary>
internal sealed class FeedWatchers : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<Uri> addresses;
    private readonly string project;
    private readonly string token;
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, SslOptions = ReverseProxy.Trust }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly List<Record> records;
    private readonly List<Task> watching;
    private readonly CancellationTokenSource stopping = new();
    private int gone;
    private int streams;
    private int failed;

    private FeedWatchers(IReadOnlyList<Uri> addresses, string project, int count)
    {
        this.addresses = addresses;
        this.project = project;
        token = new Token(project) { Expires = DateTimeOffset.UtcNow.AddHours(8) }.ToString();
        records = [.. Enumerable.Range(0, count).Select(_ => new Record())];
        watching = [.. records.Select((record, number) => Task.Run(() => WatchAsync(record, number)))];
    }

    /// <summary>How many times a watcher had to begin anew.</summary>
    public int Gone => gone;

    /// <summary>How many streams were opened.</summary>
    public int Streams => streams;

    /// <summary>How many requests had no response, or one that broke before its end.</summary>
    public int Failed => failed;

    public static FeedWatchers Start(IReadOnlyList<Uri> addresses, string project, int count) => new(addresses, project, count);

    /// <summary>Waits until every watcher has seen the deployment.</summary>
    public async Task SeeAsync(Guid deployment)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        foreach (var record in records)
        {
            while (!record.Deployments.ContainsKey(deployment))
            {
                timeout.Token.ThrowIfCancellationRequested();
                watching.FirstOrDefault(watch => watch.IsFaulted)?.GetAwaiter().GetResult();
                await Task.Delay(Pause);
            }
        }
    }

    /// <summary>Stops the watchers and compares what each has seen with what is stored and with what was acknowledged.</summary>
    public async Task<Comparison> CompareAsync(Postgres postgres, IReadOnlyCollection<(Guid Id, int? Version)> acknowledgements)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var stored = await postgres.ListAsync(
            $"""
            SELECT deployment_id || ' ' || version FROM deployment_events
            WHERE project_id = '{project}' ORDER BY xact, deployment_id, version
            """);
        var deleted = await postgres.ListAsync($"SELECT deployment_id::text FROM deployment_events WHERE project_id = '{project}' AND deleted");
        var otherStates = await postgres.CountAsync(
            $"""
            SELECT count(*) FROM software_deployments AS deployment
            LEFT JOIN deployment_events AS entry
                ON entry.project_id = deployment.project_id AND entry.deployment_id = deployment.id AND entry.version = deployment.version
            WHERE deployment.project_id = '{project}'
                AND (entry.status, entry.status_reason, entry.config_id, entry.deleted)
                    IS DISTINCT FROM (deployment.status, deployment.status_reason, deployment.config_id, false)
            """);
        var places = stored.Select((entry, place) => (entry, place)).ToDictionary();
        return new Comparison(
            stored.Count,
            Lost: acknowledgements.Count(one => one.Version is null ? !deleted.Contains($"{one.Id}") : !places.ContainsKey($"{one.Id} {one.Version}")),
            OtherStates: (int)otherStates,
            Skipped: records.Sum(record => stored.Except(record.Events).Count()),
            Repeated: records.Sum(record => record.Events.Count - record.Events.Distinct().Count()),
            NotStored: records.Sum(record => record.Events.Count(entry => !places.ContainsKey(entry))),
            OutOfOrder: records.Sum(record => CountOutOfOrder(record.Events)));
    }

    /// <summary>How many events do not have the version after the last of their deployment.</summary>
    private static int CountOutOfOrder(IEnumerable<string> events)
    {
        var versions = new Dictionary<string, int>();
        var count = 0;
        foreach (var (id, version) in events.Select(entry => entry.Split(' ') is [var one, var number] ? (one, int.Parse(number, CultureInfo.InvariantCulture)) : default))
        {
            count += version == versions.GetValueOrDefault(id) + 1 ? 0 : 1;
            versions[id] = version;
        }

        return count;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        http.Dispose();
        await Task.WhenAll(watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task WatchAsync(Record record, int number)
    {
        var isStream = number % 2 == 0;
        for (var turn = number; !stopping.IsCancellationRequested; turn++)
        {
            var limit = Random.Shared.Next(1, 200);
            var events = new Uri(addresses[turn % addresses.Count], $"/v1/{project}/events");
            using var request = isStream ? RequestStream(events, record.Cursor) : RequestPage(events, record.Cursor, limit);
            try
            {
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stopping.Token);
                switch (response.StatusCode)
                {
                    case HttpStatusCode.OK when isStream:
                        Interlocked.Increment(ref streams);
                        await ReadStreamAsync(response, record, limit);
                        break;
                    case HttpStatusCode.OK:
                        await ReadPageAsync(response, record);
                        break;
                    case HttpStatusCode.Gone:
                        Interlocked.Increment(ref gone);
                        record.Clear();
                        break;
                    case HttpStatusCode.ServiceUnavailable when response.Headers.Contains(ApiResponse.RequestIdHeader):
                        await Task.Delay(Pause, stopping.Token);
                        break;
                    default:
                        throw new AssertionException($"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(stopping.Token)}");
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                Interlocked.Increment(ref failed);
                await Task.Delay(Pause, stopping.Token); // the next instance may be running
            }
        }
    }

    private HttpRequestMessage RequestPage(Uri events, string? cursor, int limit) => Requests.Make(
        HttpMethod.Get, new Uri(events, $"?wait=5&limit={limit}{(cursor is null ? "" : $"&after={cursor}")}"), ("Authorization", $"Bearer {token}"));

    private async Task ReadPageAsync(HttpResponseMessage response, Record record)
    {
        var page = JsonElement.Parse(await response.Content.ReadAsStringAsync(stopping.Token));
        foreach (var entry in page.GetProperty("events").EnumerateArray())
        {
            record.Add(entry);
        }

        record.Cursor = page.GetProperty("next").GetString();
    }

    private HttpRequestMessage RequestStream(Uri events, string? cursor)
    {
        IEnumerable<(string, string)> lastEvent = cursor is null ? [] : [("Last-Event-ID", cursor)];
        return Requests.Make(HttpMethod.Get, events, [("Authorization", $"Bearer {token}"), ("Accept", "text/event-stream"), .. lastEvent]);
    }

    /// <summary>Reads a stream to its end, or so many of its events, its bookmarks among them.</summary>
    private async Task ReadStreamAsync(HttpResponseMessage response, Record record, int limit)
    {
        await using var body = await response.Content.ReadAsStreamAsync(stopping.Token);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(stopping.Token))
        {
            if (item.EventType != "bookmark")
            {
                record.Add(JsonElement.Parse(item.Data));
            }

            record.Cursor = item.EventId;
            if (--limit == 0)
            {
                return;
            }
        }
    }

    /// <summary>How many events are not as they should be, those of all watchers together.</summary>
    /// <param name="Stored">How many events are stored.</param>
    /// <param name="Lost">Acknowledged changes without an event.</param>
    /// <param name="OtherStates">Deployments whose last event is another than they are.</param>
    /// <param name="Skipped">Stored events that a watcher has not seen.</param>
    /// <param name="Repeated">Events that a watcher has seen again.</param>
    /// <param name="NotStored">Events that a watcher has seen, and are not stored.</param>
    /// <param name="OutOfOrder">Events that were not seen after the version before.</param>
    internal sealed record Comparison(int Stored, int Lost, int OtherStates, int Skipped, int Repeated, int NotStored, int OutOfOrder)
    {
        public bool IsExact => (Lost, OtherStates, Skipped, Repeated, NotStored, OutOfOrder) is (0, 0, 0, 0, 0, 0);

        public override string ToString() =>
            $"lost {Lost}, other states {OtherStates}, skipped {Skipped}, repeated {Repeated}, not stored {NotStored}, out of order {OutOfOrder}";
    }

    private sealed class Record
    {
        public ConcurrentDictionary<Guid, bool> Deployments { get; } = [];

        public List<string> Events { get; } = [];

        /// <summary>Where to continue; null at the beginning of the feed.</summary>
        public string? Cursor { get; set; }

        public void Add(JsonElement entry)
        {
            var id = entry.GetProperty("deployment_id").GetGuid();
            Events.Add($"{id} {entry.GetProperty("version").GetInt32()}");
            Deployments[id] = true;
        }

        public void Clear()
        {
            Cursor = null;
            Events.Clear();
            Deployments.Clear();
        }
    }
}
