using Deployments.Application.ChangeFeed;
using Deployments.Application.Common.Errors;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// The requests of this instance that wait for a change. Signals of changes, of this instance and of others, wake those that wait for a
/// deployment at once; a project's feed becomes pending, and <see cref="PendingFeedReader"/> reads it for all that wait for it. Whatever their
/// number, they share one listener, one reader and one heartbeat.
/// </summary>
internal sealed class ChangeHub(IOptions<ChangeFeedOptions> options, IHostApplicationLifetime lifetime, TimeProvider clock)
    : BackgroundService, IChangeWaiter
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly Dictionary<string, ProjectFeed> feeds = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, ProjectFeed> feedsByTopic = [];
    private readonly HashSet<ProjectFeed> pending = [];
    private readonly Dictionary<ulong, HashSet<DeploymentWatch>> deployments = [];
    private readonly Dictionary<ulong, HashSet<FeedWatch>> agents = [];
    private readonly Dictionary<string, int> heldByProject = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> foundWithoutSignal = [];
    private readonly WaitDeadlines deadlines = new();

    private readonly Lock signalGate = new();
    private readonly WakeUp signalReceived = new();
    private HashSet<ulong> signalled = [];

    private int held;
    private volatile bool isStopping;

    /// <summary>Names this instance in its notifications, which it need not hear itself.</summary>
    public ulong Instance { get; } = ChangeTopics.OfDeployment(Guid.NewGuid());

    /// <summary>Set when there is a feed to be read.</summary>
    public WakeUp FeedPending { get; } = new();

    /// <summary>Set when signals may have been missed.</summary>
    public WakeUp CheckDue { get; } = new();

    /// <summary>Whether the service stops.</summary>
    public bool IsStopping => isStopping;

    /// <summary>The number of requests that are held.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return held;
            }
        }
    }

    /// <summary>Whether a feed is to be read, now or when the horizon has moved.</summary>
    public bool HasPending
    {
        get
        {
            lock (gate)
            {
                return pending.Any(feed => feed is { Position: not null, IsQueued: false });
            }
        }
    }

    public IFeedWatch WatchFeed(FeedFilter filter) => Watch(filter, agent: null);

    public IFeedWatch WatchAgent(string projectId, Guid agentId, string serverId) =>
        Watch(new FeedFilter(projectId, ServerId: serverId), new WatchedAgent(agentId, ChangeTopics.OfAgent(projectId, serverId)));

    public IDeploymentWatch WatchDeployment(string projectId, Guid id)
    {
        lock (gate)
        {
            var watch = new DeploymentWatch(this, projectId, id);
            if (!deployments.TryGetValue(watch.Topic, out var watches))
            {
                deployments.Add(watch.Topic, watches = []);
            }

            watches.Add(watch);
            return watch;
        }
    }

    /// <summary>Takes the topics of changes that are committed, and returns at once.</summary>
    public void Signal(IEnumerable<ulong> topics)
    {
        lock (signalGate)
        {
            signalled.UnionWith(topics);
        }

        signalReceived.Set();
    }

    /// <summary>
    /// Signals may have been missed: all feeds are to be read again, since another server may have another epoch, and all deployments and
    /// agents to be checked.
    /// </summary>
    public void CatchUp()
    {
        lock (gate)
        {
            foreach (var feed in feeds.Values)
            {
                feed.Signal();
                pending.Add(feed);
            }

            foreach (var watch in deployments.Values.SelectMany(watches => watches))
            {
                watch.IsChecked = false;
            }

            foreach (var watch in agents.Values.SelectMany(watches => watches))
            {
                watch.IsAgentChecked = false;
            }
        }

        FeedPending.Set();
        CheckDue.Set();
    }

    public async Task<FeedPosition?> WaitAsync(FeedWatch watch, FeedChunk read, TimeSpan time, CancellationToken cancellationToken)
    {
        Task<FeedPosition?> wait;
        lock (gate)
        {
            if (isStopping)
            {
                return read.Last;
            }

            if (!watch.Feed.TryJoin(read))
            {
                return null;
            }

            wait = watch.BeginWait(read.Last, DeadlineAfter(time));
            deadlines.Add(watch);
            Track(watch.Feed);
        }

        return await wait.WaitAsync(cancellationToken);
    }

    public Task<bool> WaitAsync(DeploymentWatch watch, string ownerProjectId, int version, TimeSpan time, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (isStopping)
            {
                return Task.FromResult(false);
            }

            var wait = watch.BeginWait(ownerProjectId, version, DeadlineAfter(time));
            deadlines.Add(watch);
            return wait.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Counts a request as held.</summary>
    /// <exception cref="UnavailableException">As many are held as may be.</exception>
    public void Hold(string projectId)
    {
        var max = options.Value.MaxWaiting;
        var maxOfProject = Math.Max(1, max / 2);
        lock (gate)
        {
            var ofProject = heldByProject.GetValueOrDefault(projectId);
            if (held >= max)
            {
                throw new UnavailableException(detail: $"This instance holds as many requests as it may: {max} (Deployments:MaxWaiting). Try again.");
            }

            if (ofProject >= maxOfProject)
            {
                throw new UnavailableException(
                    detail: $"This instance holds as many requests of the project as it may: {maxOfProject}, half of Deployments:MaxWaiting. Try again.");
            }

            held++;
            heldByProject[projectId] = ofProject + 1;
        }

        FeedMetrics.Waiting.Add(1);
    }

    /// <summary>A request is no longer held.</summary>
    public void EndHold(string projectId)
    {
        lock (gate)
        {
            held--;
            if (--heldByProject[projectId] == 0)
            {
                heldByProject.Remove(projectId);
            }
        }

        FeedMetrics.Waiting.Add(-1);
    }

    public void Remove(FeedWatch watch)
    {
        lock (gate)
        {
            var feed = watch.Feed;
            if (feed.Watches.Remove(watch))
            {
                if (feed.Watches.Count == 0)
                {
                    feeds.Remove(feed.ProjectId);
                    feedsByTopic.Remove(feed.Topic);
                    pending.Remove(feed);
                }
            }

            if (watch.Agent is { } agent && agents.TryGetValue(agent.Topic, out var watches) && watches.Remove(watch) && watches.Count == 0)
            {
                agents.Remove(agent.Topic);
            }
        }
    }

    public void Remove(DeploymentWatch watch)
    {
        lock (gate)
        {
            if (deployments.TryGetValue(watch.Topic, out var watches) && watches.Remove(watch))
            {
                if (watches.Count == 0)
                {
                    deployments.Remove(watch.Topic);
                }
            }
        }
    }

    /// <summary>Takes the feeds that a read may find something in: those that were signalled, or whose horizon has moved.</summary>
    public IReadOnlyList<ProjectFeed> TakeReadable(ulong horizon)
    {
        lock (gate)
        {
            var readable = pending.Where(feed => feed.IsReadable(horizon, clock.GetTimestamp())).ToList();
            readable.ForEach(feed => feed.IsQueued = true);
            return readable;
        }
    }

    /// <summary>Begins a read, which will see what was signalled so far.</summary>
    /// <returns>Where it begins.</returns>
    public FeedPosition BeginRead(ProjectFeed feed)
    {
        lock (gate)
        {
            return feed.BeginRead();
        }
    }

    /// <summary>Hands what was read to those that wait for it.</summary>
    public void Deliver(ProjectFeed feed, FeedPosition from, FeedChunk chunk)
    {
        lock (gate)
        {
            feed.EndRead(from, chunk);
        }
    }

    /// <summary>Ends the reads of a feed for now.</summary>
    /// <param name="feed">The feed.</param>
    /// <param name="retryAfter">If a read has failed: when to try again.</param>
    public void Release(ProjectFeed feed, TimeSpan? retryAfter)
    {
        lock (gate)
        {
            feed.IsQueued = false;
            if (retryAfter is { } pause)
            {
                feed.Signal();
                feed.NotBefore = DeadlineAfter(pause);
            }

            if (feed.Watches.Count > 0)
            {
                Track(feed);
            }
        }
    }

    /// <summary>What waits, and was not checked for missed changes since.</summary>
    /// <param name="isUnchanged">Whether nobody has written anything since the last check.</param>
    public UncheckedWatches ListUnchecked(bool isUnchanged)
    {
        lock (gate)
        {
            return new UncheckedWatches(
                [.. feeds.Values
                    .Where(feed => feed.Position is not null && !feed.IsPending && !(isUnchanged && feed.IsChecked))
                    .Select(feed => (feed, feed.Position!.Value))],
                [.. deployments.Values
                    .SelectMany(watches => watches)
                    .Where(watch => watch.IsWaiting && !(isUnchanged && watch.IsChecked))
                    .Select(watch => (watch, watch.Version))],
                [.. agents.Values
                    .SelectMany(watches => watches)
                    .Where(watch => watch.IsWaiting && !(isUnchanged && watch.IsAgentChecked))]);
        }
    }

    /// <summary>Counts the changes that the last check had found, and of which no signal has come since.</summary>
    public void CountLostSignals()
    {
        lock (gate)
        {
            FeedMetrics.LostSignals.Add(foundWithoutSignal.Count);
            foundWithoutSignal.Clear();
        }
    }

    /// <summary>Takes the result of a check: wakes those that have missed a change.</summary>
    public void EndCheck(
        UncheckedWatches isChecked,
        IReadOnlyList<ProjectFeed> changedFeeds,
        IReadOnlyList<DeploymentWatch> changedDeployments,
        IReadOnlyList<FeedWatch> revokedAgents)
    {
        lock (gate)
        {
            isChecked.Feeds.ForEach(one => one.Feed.IsChecked |= one.Feed.Position == one.Position);
            isChecked.Deployments.ForEach(one => one.Watch.IsChecked |= one.Watch.Version == one.Version);
            isChecked.Agents.ForEach(watch => watch.IsAgentChecked = true);
            foreach (var feed in changedFeeds.Where(feed => feed.Watches.Count > 0 && !feed.IsPending))
            {
                feed.Signal();
                Track(feed);
                foundWithoutSignal.Add(feed.Topic);
            }

            foreach (var watch in changedDeployments.Where(watch => watch.IsWaiting))
            {
                watch.Changed();
                foundWithoutSignal.Add(watch.Topic);
            }

            foreach (var watch in revokedAgents.Where(watch => watch.IsWaiting))
            {
                watch.Revoke();
                foundWithoutSignal.Add(watch.Agent!.Topic);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The server stops only when its requests have ended.
        await using var stopping = lifetime.ApplicationStopping.Register(EndAllWaits);
        await Task.WhenAll(WakeSignalledAsync(stoppingToken), EndExpiredWaitsAsync(stoppingToken));
    }

    private FeedWatch Watch(FeedFilter filter, WatchedAgent? agent)
    {
        lock (gate)
        {
            if (!feeds.TryGetValue(filter.ProjectId, out var feed))
            {
                feed = new ProjectFeed(filter.ProjectId);
                feeds.Add(filter.ProjectId, feed);
                feedsByTopic[feed.Topic] = feed;
            }

            var watch = new FeedWatch(this, feed, filter, agent);
            feed.Watches.Add(watch);
            if (agent is not null)
            {
                if (!agents.TryGetValue(agent.Topic, out var watches))
                {
                    agents.Add(agent.Topic, watches = []);
                }

                watches.Add(watch);
            }

            return watch;
        }
    }

    private async Task WakeSignalledAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await signalReceived.WaitAsync(Timeout.InfiniteTimeSpan, stoppingToken);
            HashSet<ulong> topics;
            lock (signalGate)
            {
                (topics, signalled) = (signalled, []);
            }

            lock (gate)
            {
                foreach (var topic in topics)
                {
                    Wake(topic);
                }
            }
        }
    }

    private void Wake(ulong topic)
    {
        foundWithoutSignal.Remove(topic);
        if (feedsByTopic.TryGetValue(topic, out var feed))
        {
            feed.Signal();
            Track(feed);
        }

        foreach (var watch in deployments.GetValueOrDefault(topic) ?? [])
        {
            watch.Changed();
        }

        foreach (var watch in agents.GetValueOrDefault(topic) ?? [])
        {
            watch.Revoke();
        }
    }

    private async Task EndExpiredWaitsAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Heartbeat, clock);
        await using var end = stoppingToken.Register(timer.Dispose);
        while (await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            lock (gate)
            {
                deadlines.EndWaits(clock.GetTimestamp());
            }
        }
    }

    private void EndAllWaits()
    {
        lock (gate)
        {
            isStopping = true;
            deadlines.EndWaits(long.MaxValue);
        }
    }

    private long DeadlineAfter(TimeSpan time) => clock.GetTimestamp() + (long)(time.TotalSeconds * clock.TimestampFrequency);

    private void Track(ProjectFeed feed)
    {
        if (feed.IsPending)
        {
            pending.Add(feed);
            FeedPending.Set();
        }
        else
        {
            pending.Remove(feed);
        }
    }
}

/// <summary>What waits, and is to be checked for missed changes.</summary>
/// <param name="Feeds">The feeds, and up to where their watches know of events.</param>
/// <param name="Deployments">The deployments, and the version that their watches know.</param>
/// <param name="Agents">The agents.</param>
internal sealed record UncheckedWatches(
    List<(ProjectFeed Feed, FeedPosition Position)> Feeds, List<(DeploymentWatch Watch, int Version)> Deployments, List<FeedWatch> Agents);
