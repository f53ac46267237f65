using Deployments.Application.ChangeFeed;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// A project whose feed is watched: up to where its watches know of events, and whether there may be more. Not thread-safe: the hub's lock
/// guards it.
/// </summary>
internal sealed class ProjectFeed(string projectId)
{
    private int epoch;
    private bool isSignalled;
    private ulong? pendingUntil;

    public string ProjectId => projectId;

    public ulong Topic { get; } = ChangeTopics.OfProject(projectId);

    public HashSet<FeedWatch> Watches { get; } = [];

    /// <summary>Up to where the watches know of events; null until the first of them waits.</summary>
    public FeedPosition? Position { get; private set; }

    /// <summary>Whether something is committed that may not have been read.</summary>
    public bool IsPending { get; private set; }

    /// <summary>The horizon of the last read.</summary>
    public ulong ReadBelow { get; private set; }

    /// <summary>Whether it was checked for missed changes since a request waits for it.</summary>
    public bool IsChecked { get; set; }

    /// <summary>Whether it is being read, or about to be.</summary>
    public bool IsQueued { get; set; }

    /// <summary>When it may be read again after a failure, as a timestamp of the clock.</summary>
    public long NotBefore { get; set; }

    /// <summary>Something is committed. It may still lie above the horizon.</summary>
    public void Signal() => (IsPending, isSignalled) = (true, true);

    /// <summary>Whether a read may find something: there was a signal since the last one, or the horizon has moved.</summary>
    public bool IsReadable(ulong horizon, long now) =>
        IsPending && !IsQueued && now >= NotBefore && Position is not null && (isSignalled || horizon > ReadBelow);

    /// <summary>Begins a read, which will see what was signalled so far.</summary>
    /// <returns>Where it begins.</returns>
    public FeedPosition BeginRead()
    {
        if (isSignalled)
        {
            (isSignalled, pendingUntil) = (false, null);
        }

        return Position!.Value;
    }

    /// <summary>Takes the result of a read.</summary>
    /// <param name="from">Where it began.</param>
    /// <param name="chunk">What it returned.</param>
    public void EndRead(FeedPosition from, FeedChunk chunk)
    {
        // Within one life of the database the horizon never goes back: it was restored beneath this instance.
        if (chunk.State.Epoch != epoch || chunk.Horizon.Oldest < ReadBelow)
        {
            Begin(chunk);
            return;
        }

        foreach (var watch in Watches)
        {
            watch.Deliver(from, chunk);
        }

        Position = chunk.Last;
        ReadBelow = chunk.Horizon.Oldest;
        pendingUntil ??= chunk.Horizon.Next; // what was signalled before the read began before this transaction
        if (chunk.IsEnd && !isSignalled && chunk.Horizon.Oldest >= pendingUntil)
        {
            (IsPending, pendingUntil) = (false, null);
        }
    }

    /// <summary>Lets a watch join that has read a part of the feed.</summary>
    /// <returns>False if the feed has come further: the watch must read again.</returns>
    public bool TryJoin(FeedChunk read)
    {
        if (Position is null || read.State.Epoch > epoch)
        {
            Begin(read);
            return true;
        }

        if (read.State.Epoch < epoch)
        {
            return false;
        }

        if (Position > read.Last)
        {
            if (read.Horizon.Oldest < ReadBelow)
            {
                return false;
            }

            (Position, IsChecked) = (read.Last, false); // what lies between does not exist any more
        }

        return true;
    }

    /// <summary>Begins at what a watch has read, in an epoch of which the others may know nothing: they read again.</summary>
    private void Begin(FeedChunk read)
    {
        foreach (var watch in Watches)
        {
            watch.Recheck();
        }

        (epoch, Position, ReadBelow, IsChecked) = (read.State.Epoch, read.Last, read.Horizon.Oldest, false);

        // A signal that came before anybody watched may be of a transaction that is above this horizon.
        (IsPending, pendingUntil) = (isSignalled || read.Horizon.Oldest < read.Horizon.Next, read.Horizon.Next);
    }
}
