using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Batching;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>A change of a deployment, and the caller who waits for it.</summary>
internal sealed class PendingChange(
    Guid id, Func<SoftwareDeployment, bool> apply, Caller caller, ConfigReferences references, long enqueuedAt) : IPendingWrite
{
    /// <summary>About how much memory one takes, in characters. What it changes is not known before it is applied.</summary>
    public const int Length = 1024;

    private readonly TaskCompletionSource<ChangeOutcome> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock sync = new();
    private CancellationTokenSource? latestAttempt;
    private volatile bool hasLeft;

    /// <summary>The deployment.</summary>
    public Guid Id => id;

    /// <summary>Makes the change in memory, and returns whether there is one.</summary>
    public Func<SoftwareDeployment, bool> Apply => apply;

    public Caller Caller => caller;

    public ConfigReferences References => references;

    public long EnqueuedAt => enqueuedAt;

    public bool IsAbandoned => hasLeft || outcome.Task.IsCompleted;

    /// <summary>What an attempt has made of it, whose commit may be unknown.</summary>
    public AttemptedChange? LastAttempt { get; set; }

    /// <summary>Orders a group by its rows, and the changes of one row as they came.</summary>
    public static int CompareByRow(PendingChange left, PendingChange right) =>
        left.Id.CompareTo(right.Id) is not 0 and var order ? order : left.EnqueuedAt.CompareTo(right.EnqueuedAt);

    /// <summary>
    /// Waits until it is durable. A caller who stops waiting while it is being stored waits until that has ended, so that nothing is stored
    /// behind the response; an attempt that does not end soon is cancelled.
    /// </summary>
    /// <param name="stop">How long a response waits for work to end.</param>
    /// <param name="clock">The clock that measures it.</param>
    /// <param name="cancellationToken">Fires when the caller stops waiting.</param>
    public async Task<ChangeOutcome> WaitAsync(TimeSpan stop, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            return await outcome.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (Abandon() is { } attempt)
        {
            try
            {
                return await outcome.Task.WaitAsync(stop / 2, clock, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                _ = attempt.CancelAsync(); // waits for the server, which may hang
            }

            try
            {
                return await outcome.Task.WaitAsync(stop / 2, clock, CancellationToken.None);
            }
            catch (TimeoutException timeout)
            {
                throw new UnavailableException(timeout);
            }
        }
    }

    /// <summary>Lets an attempt store it.</summary>
    /// <returns>False where nobody waits for it any more, or the attempt was given up: then another one may store it.</returns>
    public bool TryTake(CancellationTokenSource attempt)
    {
        lock (sync)
        {
            if (IsAbandoned || attempt.IsCancellationRequested)
            {
                return false;
            }

            latestAttempt = attempt;
            return true;
        }
    }

    public void Succeed(ChangeOutcome result) => outcome.TrySetResult(result);

    public void Fail(Exception exception)
    {
        if (outcome.TrySetException(exception))
        {
            _ = outcome.Task.Exception; // nobody may be waiting for it
        }
    }

    /// <returns>The attempt that may be storing it; null if there is none, and now none begins.</returns>
    private CancellationTokenSource? Abandon()
    {
        lock (sync)
        {
            hasLeft = true;
            return latestAttempt;
        }
    }
}

/// <summary>A change as an attempt has sent it. With its caller's request these identify its event.</summary>
/// <param name="Version">The version that it made.</param>
/// <param name="Time">When.</param>
internal readonly record struct AttemptedChange(int Version, DateTimeOffset Time);
