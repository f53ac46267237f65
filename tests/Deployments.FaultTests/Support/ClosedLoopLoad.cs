using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Deployments.FaultTests.Support;

/// <summary>
/// Writers that post one deployment after another to one instance after another. With keys, each tries until its deployment is
/// acknowledged; without, each tries once. All outcomes are recorded.
/// </summary>
internal sealed class ClosedLoopLoad : IAsyncDisposable
{
    /// <summary>The <c>server_id</c> of a deployment that the test's own constraint rejects.</summary>
    public const string RejectedServer = "rejected";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Client client = new();
    private readonly IReadOnlyList<ServiceProcess> services;
    private readonly List<Task> writers;
    private readonly ConcurrentDictionary<string, Guid> acknowledged = [];
    private readonly ConcurrentDictionary<string, string> failed = [];
    private readonly ConcurrentBag<double> responseTimes = [];
    private readonly ConcurrentBag<string> broken = [];
    private volatile bool stopping;
    private volatile Goal? goal;
    private int count;
    private int unavailable;
    private int refused;
    private int replayed;

    private ClosedLoopLoad(IReadOnlyList<ServiceProcess> services, int writers, bool keyed, int rejectedOneIn)
    {
        this.services = services;
        this.writers = [.. Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(writer, keyed, rejectedOneIn)))];
    }

    /// <summary>By the name of each deployment, the id that was returned.</summary>
    public IReadOnlyDictionary<string, Guid> Acknowledged => acknowledged;

    /// <summary>By the name of each deployment that was given up, its last outcome.</summary>
    public IReadOnlyDictionary<string, string> Failed => failed;

    /// <summary>How many responses were 503 or 429.</summary>
    public int Unavailable => unavailable;

    /// <summary>Why each request that was sent had no response.</summary>
    public IReadOnlyCollection<string> Broken => broken;

    public TimeSpan Slowest => TimeSpan.FromSeconds(responseTimes.DefaultIfEmpty().Max());

    /// <param name="services">The instances.</param>
    /// <param name="writers">How many write at once.</param>
    /// <param name="keyed">Whether each deployment has an <c>Idempotency-Key</c>, and is tried again.</param>
    /// <param name="rejectedOneIn">One in so many is for <see cref="RejectedServer"/>; none, if zero.</param>
    public static ClosedLoopLoad Start(IReadOnlyList<ServiceProcess> services, int writers = 32, bool keyed = true, int rejectedOneIn = 0) =>
        new(services, writers, keyed, rejectedOneIn);

    /// <summary>Waits until that many more deployments have been acknowledged.</summary>
    /// <returns>How long that took.</returns>
    public async Task<TimeSpan> AcknowledgeAsync(int more)
    {
        var watch = Stopwatch.StartNew();
        var next = goal = new Goal(Volatile.Read(ref count) + more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        ReachGoal(Volatile.Read(ref count));
        await next.Reached.Task.WaitAsync(Timeout);
        return watch.Elapsed;
    }

    /// <summary>Lets every writer finish its current deployment.</summary>
    public async Task StopAsync()
    {
        stopping = true;
        await Task.WhenAll(writers).WaitAsync(Timeout);
    }

    public async ValueTask DisposeAsync()
    {
        stopping = true;
        client.Dispose();
        await Task.WhenAll(writers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override string ToString() =>
        $"acknowledged {acknowledged.Count} (replayed {replayed}), failed {failed.Count}; 503/429 {unavailable}, refused {refused}, broken {broken.Count}; "
        + $"slowest response {Slowest.TotalSeconds:F2} s";

    private async Task WriteAsync(int writer, bool keyed, int rejectedOneIn)
    {
        var turn = writer;
        while (!stopping)
        {
            var name = Guid.NewGuid().ToString();
            var server = rejectedOneIn > 0 && Random.Shared.Next(rejectedOneIn) == 0 ? RejectedServer : "web-1";
            while (true)
            {
                var outcome = await client.CreateAsync(services[turn++ % services.Count], name, keyed ? name : null, server);
                if (outcome.IsConnectionRefused)
                {
                    Interlocked.Increment(ref refused);
                    await Task.Delay(Pause / services.Count);
                    continue; // nothing was sent: the next instance may be running
                }

                responseTimes.Add(outcome.Time.TotalSeconds);
                if (outcome.Status == HttpStatusCode.OK)
                {
                    Acknowledge(name, outcome);
                    break;
                }

                var wasUnavailable = outcome.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests;
                if (wasUnavailable)
                {
                    Interlocked.Increment(ref unavailable);
                }
                else if (outcome.Status is null)
                {
                    broken.Add(outcome.Text);
                }

                if (!keyed || (outcome.Status is not null && !wasUnavailable))
                {
                    failed[name] = $"{server}: {(int?)outcome.Status} {outcome.Text}";
                    break;
                }

                await Task.Delay(Pause);
            }
        }
    }

    private void Acknowledge(string name, Outcome outcome)
    {
        acknowledged[name] = outcome.Id;
        if (outcome.IsReplay)
        {
            Interlocked.Increment(ref replayed);
        }

        ReachGoal(Interlocked.Increment(ref count));
    }

    private void ReachGoal(int reached)
    {
        if (goal is { } next && reached >= next.Count)
        {
            next.Reached.TrySetResult();
        }
    }

    private sealed record Goal(int Count, TaskCompletionSource Reached);
}
