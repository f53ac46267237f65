using Deployments.Application.ChangeFeed;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>A request that waits for a change of a deployment. The hub's lock guards it, but for whether it is held, which its one caller changes.</summary>
internal sealed class DeploymentWatch(ChangeHub hub, string projectId, Guid id) : IDeploymentWatch, ITimedWatch
{
    private TaskCompletionSource<bool>? wait;
    private bool hasChanged;
    private bool isHeld;

    /// <summary>The project that asks.</summary>
    public string ProjectId => projectId;

    public Guid Id => id;

    public ulong Topic { get; } = ChangeTopics.OfDeployment(id);

    /// <summary>The project that owns the deployment.</summary>
    public string OwnerProjectId { get; private set; } = string.Empty;

    /// <summary>The version that its caller has read.</summary>
    public int Version { get; private set; }

    public long Deadline { get; private set; }

    public long? QueuedUntil { get; set; }

    public bool IsWaiting => wait is not null;

    /// <summary>Whether it was checked for missed changes since it waits.</summary>
    public bool IsChecked { get; set; }

    public void Hold()
    {
        if (!isHeld)
        {
            hub.Hold(projectId);
            isHeld = true;
        }
    }

    public Task<bool> WaitAsync(string ownerProjectId, int version, TimeSpan time, CancellationToken cancellationToken) =>
        hub.WaitAsync(this, ownerProjectId, version, time, cancellationToken);

    public Task<bool> BeginWait(string ownerProjectId, int version, long deadline)
    {
        (OwnerProjectId, Version, Deadline, IsChecked) = (ownerProjectId, version, deadline, false);
        var result = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        wait = result;
        if (hasChanged)
        {
            End(mayHaveChanged: true); // before its caller read it, or after
        }

        return result.Task;
    }

    /// <summary>It has changed: wakes the caller, or has it read again instead of waiting.</summary>
    public void Changed()
    {
        if (wait is null)
        {
            hasChanged = true;
            return;
        }

        FeedMetrics.Wakes.Add(1);
        End(mayHaveChanged: true);
    }

    public void EndWait() => End(mayHaveChanged: false);

    public void Dispose()
    {
        hub.Remove(this);
        if (isHeld)
        {
            hub.EndHold(projectId);
            isHeld = false;
        }
    }

    private void End(bool mayHaveChanged)
    {
        hasChanged = false;
        wait?.TrySetResult(mayHaveChanged);
        wait = null;
    }
}
