using System.Diagnostics;
using Deployments.Application.Common.Errors;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>A key to read, and the waiting caller.</summary>
internal sealed class PendingRead<TKey, TResult>(TKey key)
    where TResult : class
{
    private readonly TaskCompletionSource<TResult?> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action? abandoned;

    public TKey Key { get; } = key;

    /// <summary>The activity of its request; null if that is not traced.</summary>
    public Activity? Activity { get; } = Activity.Current;

    /// <summary>Whether its caller has a result, or has stopped waiting.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Why the last attempt failed; null if none did.</summary>
    public Exception? LastFailure { get; set; }

    /// <summary>Waits for the result; null if there is none.</summary>
    /// <exception cref="UnavailableException">The token fired.</exception>
    public async Task<TResult?> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await found.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException late) when (!found.Task.IsCompleted)
        {
            IsOver = true;
            Interlocked.Exchange(ref abandoned, null)?.Invoke();
            throw new UnavailableException(LastFailure ?? late);
        }
    }

    /// <summary>
    /// Calls once when its caller stops waiting without a result, in place of what would have been called. To be set before an attempt, which
    /// alone gives results.
    /// </summary>
    public void OnAbandoned(Action action)
    {
        Interlocked.Exchange(ref abandoned, action);
        if (IsOver) // since before it was known whom to call
        {
            Interlocked.Exchange(ref abandoned, null)?.Invoke();
        }
    }

    public void Succeed(TResult? result)
    {
        IsOver = true;
        found.TrySetResult(result);
    }

    public void Fail(Exception exception)
    {
        IsOver = true;
        if (found.TrySetException(exception))
        {
            _ = found.Task.Exception; // nobody may be waiting for it
        }
    }
}
