using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace Deployments.FaultTests.Support;

/// <summary>Writers that create, change and delete deployments on one instance after another; several of them change the same ones.</summary>
internal sealed class MixedLoad : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Client client;
    private readonly IReadOnlyList<ServiceProcess> services;
    private readonly ConcurrentQueue<Guid> existing = [];
    private readonly ConcurrentQueue<(Guid Id, int? Version)> acknowledgements = [];
    private readonly List<Task> writers;
    private volatile bool stopping;
    private int acknowledged;
    private int failed;

    private MixedLoad(IReadOnlyList<ServiceProcess> services, string project, int count)
    {
        this.services = services;
        client = new Client(project);
        writers = [.. Enumerable.Range(0, count).Select(number => Task.Run(() => WriteAsync(number)))];
    }

    /// <summary>What was acknowledged: the deployment, and its version, or that it is deleted.</summary>
    public IReadOnlyCollection<(Guid Id, int? Version)> Acknowledgements => acknowledgements;

    /// <summary>How many requests were acknowledged.</summary>
    public int Acknowledged => acknowledged;

    /// <summary>How many had another outcome.</summary>
    public int Failed => failed;

    public static MixedLoad Start(IReadOnlyList<ServiceProcess> services, string project, int count = 32) => new(services, project, count);

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
            var service = services[turn++ % services.Count];
            var outcome = Random.Shared.Next(10) switch
            {
                < 4 => await CreateAsync(service),
                < 9 when existing.TryPeek(out var id) => await ChangeAsync(service, id),
                9 when existing.TryDequeue(out var id) => await DeleteAsync(service, id),
                _ => await CreateAsync(service),
            };
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
                await Task.Delay(Pause);
            }
        }
    }

    private async Task<Outcome> CreateAsync(ServiceProcess service)
    {
        var name = Guid.NewGuid().ToString();
        var outcome = await client.CreateAsync(service, name, key: name);
        if (outcome.Status == HttpStatusCode.OK)
        {
            existing.Enqueue(outcome.Id);
        }

        return outcome;
    }

    private async Task<Outcome> DeleteAsync(ServiceProcess service, Guid id)
    {
        var outcome = await client.SendAsync(service, HttpMethod.Delete, $"/{id}");
        if (outcome.Status == HttpStatusCode.NoContent)
        {
            acknowledgements.Enqueue((id, null));
        }

        return outcome;
    }

    private Task<Outcome> ChangeAsync(ServiceProcess service, Guid id) =>
        client.SendAsync(service, HttpMethod.Put, $"/{id}", $$"""{"status_reason": "{{Guid.NewGuid()}}"}""");
}
