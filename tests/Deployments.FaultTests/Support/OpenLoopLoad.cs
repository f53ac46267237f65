using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Deployments.FaultTests.Support;

/// <summary>Posts at a constant rate, whether earlier ones have a response or not.</summary>
internal sealed class OpenLoopLoad
{
    private const int Connections = 2_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentDictionary<string, double> accepted = [];
    private readonly ConcurrentDictionary<string, int> others = [];
    private int unsent;

    /// <summary>By the name of each deployment with the response 200, the seconds it took.</summary>
    public IReadOnlyDictionary<string, double> Accepted => accepted;

    /// <summary>How often every other outcome occurred.</summary>
    public IReadOnlyDictionary<string, int> Others => others;

    /// <summary>The 99th percentile of the accepted.</summary>
    public TimeSpan AcceptedPercentile99 =>
        TimeSpan.FromSeconds(accepted.Values.Order().ElementAtOrDefault((int)(accepted.Count * 0.99)));

    public static async Task<OpenLoopLoad> RunAsync(ServiceProcess service, double rate, TimeSpan time)
    {
        var load = new OpenLoopLoad();
        using var client = new Client();
        using var free = new SemaphoreSlim(Connections);
        var due = 0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < time; await Task.Delay(Tick))
        {
            for (; due < rate * watch.Elapsed.TotalSeconds; due++)
            {
                if (await free.WaitAsync(TimeSpan.Zero))
                {
                    _ = load.SendAsync(client, service, free);
                }
                else
                {
                    load.unsent++;
                }
            }
        }

        for (var connection = 0; connection < Connections; connection++)
        {
            await free.WaitAsync();
        }

        return load;
    }

    public override string ToString() =>
        $"accepted {accepted.Count}, p99 {AcceptedPercentile99.TotalSeconds:F2} s; "
        + string.Concat(others.Select(other => $"{other.Key} × {other.Value}, "))
        + $"not sent, as all {Connections} connections were in use, {unsent}";

    private async Task SendAsync(Client client, ServiceProcess service, SemaphoreSlim free)
    {
        var name = Guid.NewGuid().ToString();
        var outcome = await client.CreateAsync(service, name, key: name);
        if (outcome.Status == HttpStatusCode.OK)
        {
            accepted[name] = outcome.Time.TotalSeconds;
        }
        else
        {
            others.AddOrUpdate(outcome.Status is { } status ? $"{(int)status}" : outcome.Text, 1, (_, count) => count + 1);
        }

        free.Release();
    }
}
