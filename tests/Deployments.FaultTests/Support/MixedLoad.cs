using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace Deployments.FaultTests.Support;

/// <summary>Clients that create, change, read and delete deployments at one address after another; several of them use the same ones.</summary>
internal sealed class MixedLoad : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Client client;
    private readonly IReadOnlyList<Uri> addresses;
    private readonly ConcurrentQueue<Guid> existing = [];
    private readonly ConcurrentQueue<(Guid Id, int? Version)> acknowledgements = [];
    private readonly ConcurrentDictionary<string, int> statuses = [];
    private readonly List<Task> writers;
    private volatile bool stopping;
    private int acknowledged;
    private int failed;
    private int unavailable;

    private MixedLoad(IReadOnlyList<Uri> addresses, string project, int count)
    {
        this.addresses = addresses;
        client = new Client(project);
        writers = [.. Enumerable.Range(0, count).Select(number => Task.Run(() => WriteAsync(number)))];
    }

    /// <summary>What was acknowledged: the deployment, and its version, or that it is deleted.</summary>
    public IReadOnlyCollection<(Guid Id, int? Version)> Acknowledgements => acknowledgements;

    /// <summary>How many requests were acknowledged.</summary>
    public int Acknowledged => acknowledged;

    /// <summary>How many had another outcome.</summary>
    public int Failed => failed;

    /// <summary>How many of these were 503 of the service itself.</summary>
    public int Unavailable => unavailable;

    /// <summary>How many responses there were of each status.</summary>
    public string Statuses => string.Join(", ", statuses.OrderBy(status => status.Key).Select(status => $"{status.Key} × {status.Value}"));

    public static MixedLoad Start(IReadOnlyList<Uri> addresses, string project, int count = 32) => new(addresses, project, count);

    /// <summary>Waits until that many more requests have been acknowledged.</summary>
    public async Task AcknowledgeAsync(int more)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (var goal = Volatile.Read(ref acknowledged) + more; Volatile.Read(ref acknowledged) < goal;)
        {
            await Task.Delay(Pause, timeout.Token);
        }
    }

    public async Task StopAsync()
    {
        stopping = true;
        await Task.WhenAll(writers);
    }

    public async ValueTask DisposeAsync()
    {
        stopping = true;
        await Task.WhenAll(writers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        client.Dispose();
    }

    private async Task WriteAsync(int turn)
    {
        while (!stopping)
        {
            var address = addresses[turn++ % addresses.Count];
            var outcome = Random.Shared.Next(10) switch
            {
                < 4 => await CreateAsync(address),
                < 8 when existing.TryPeek(out var id) => await ChangeAsync(address, id),
                8 when existing.TryPeek(out var id) => await client.SendAsync(address, HttpMethod.Get, $"/{id}"),
                9 when existing.TryDequeue(out var id) => await DeleteAsync(address, id),
                _ => await CreateAsync(address),
            };
            statuses.AddOrUpdate(Describe(outcome), 1, (_, count) => count + 1);
            if (outcome.Status is HttpStatusCode.OK or HttpStatusCode.NoContent)
            {
                if (outcome.Status == HttpStatusCode.OK)
                {
                    acknowledgements.Enqueue((outcome.Id, int.Parse(outcome.Response!.EntityTag.Trim('"').Split('-')[0], CultureInfo.InvariantCulture)));
                }

                Interlocked.Increment(ref acknowledged);
            }
            else if (outcome.Status != HttpStatusCode.NotFound) // another writer has deleted it
            {
                Interlocked.Increment(ref failed);
                Interlocked.Add(ref unavailable, outcome.Status == HttpStatusCode.ServiceUnavailable && IsOfTheService(outcome) ? 1 : 0);
                await Task.Delay(Pause);
            }
        }
    }

    private static string Describe(Outcome outcome) =>
        outcome.Status is not { } status ? "no response" : IsOfTheService(outcome) ? $"{(int)status}" : $"{(int)status} of the proxy";

    private static bool IsOfTheService(Outcome outcome) => outcome.Response!.Headers.ContainsKey(ApiResponse.RequestIdHeader);

    private async Task<Outcome> CreateAsync(Uri address)
    {
        var name = Guid.NewGuid().ToString();
        var outcome = await client.CreateAsync(address, name, key: name);
        if (outcome.Status == HttpStatusCode.OK)
        {
            existing.Enqueue(outcome.Id);
        }

        return outcome;
    }

    private async Task<Outcome> DeleteAsync(Uri address, Guid id)
    {
        var outcome = await client.SendAsync(address, HttpMethod.Delete, $"/{id}");
        if (outcome.Status == HttpStatusCode.NoContent)
        {
            acknowledgements.Enqueue((id, null));
        }

        return outcome;
    }

    private Task<Outcome> ChangeAsync(Uri address, Guid id) =>
        client.SendAsync(address, HttpMethod.Put, $"/{id}", $$"""{"status_reason": "{{Guid.NewGuid()}}"}""");
}
