using Deployments.Application.ChangeFeed;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>A request that waits for an event of a project's feed. The hub's lock guards it, but for whether it is held, which its one caller changes.</summary>
internal sealed class FeedWatch(ChangeHub hub, ProjectFeed feed, FeedFilter filter, WatchedAgent? agent = null) : IFeedWatch, ITimedWatch
{
    private TaskCompletionSource<FeedPosition?>? wait;
    private FeedPosition examined;
    private bool isHeld;
    private bool isRevoked;

    public ProjectFeed Feed => feed;

    public long Deadline { get; private set; }

    public long? QueuedUntil { get; set; }

    public bool IsWaiting => wait is not null;

    /// <summary>The agent that waits; null if it is another caller.</summary>
    public WatchedAgent? Agent => agent;

    /// <summary>Whether it was checked since it waits that its agent exists.</summary>
    public bool IsAgentChecked { get; set; }

    public bool IsStopping => hub.IsStopping;

    public void Hold()
    {
        if (!isHeld)
        {
            hub.Hold(feed.ProjectId);
            isHeld = true;
        }
    }

    public Task<FeedPosition?> WaitAsync(FeedChunk read, TimeSpan time, CancellationToken cancellationToken) =>
        hub.WaitAsync(this, read, time, cancellationToken);

    public Task<FeedPosition?> BeginWait(FeedPosition after, long deadline)
    {
        (examined, Deadline, IsAgentChecked) = (after, deadline, false);
        var result = new TaskCompletionSource<FeedPosition?>(TaskCreationOptions.RunContinuationsAsynchronously);
        wait = result;
        if (isRevoked)
        {
            isRevoked = false;
            End(null);
        }

        return result.Task;
    }

    /// <summary>Takes what was read of the feed after a position: wakes if it has an event that matches, else moves on.</summary>
    public void Deliver(FeedPosition from, FeedChunk chunk)
    {
        if (wait is null || !(chunk.Last > examined))
        {
            return;
        }

        // Some of the events may lie before its position: then it reads for itself.
        if (examined > from || chunk.Events.Any(entry => filter.Matches(entry.Event)))
        {
            End(null);
            FeedMetrics.Wakes.Add(1);
            return;
        }

        examined = chunk.Last;
    }

    public void EndWait() => End(examined);

    /// <summary>Ends the wait: the feed is to be read again.</summary>
    public void Recheck() => End(null);

    /// <summary>The agent was revoked: ends the wait, or has its caller read again instead of waiting.</summary>
    public void Revoke()
    {
        isRevoked = wait is null; // before its caller has read, or after
        End(null);
    }

    public void Dispose()
    {
        hub.Remove(this);
        if (isHeld)
        {
            hub.EndHold(feed.ProjectId);
            isHeld = false;
        }
    }

    private void End(FeedPosition? result)
    {
        wait?.TrySetResult(result);
        wait = null;
    }
}

/// <summary>An agent whose revocation ends a wait.</summary>
/// <param name="Id">The agent.</param>
/// <param name="Topic">What its revocation is signalled by.</param>
internal sealed record WatchedAgent(Guid Id, ulong Topic);
