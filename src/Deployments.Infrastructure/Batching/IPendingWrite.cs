namespace Deployments.Infrastructure.Batching;

/// <summary>Something to write, and the caller who waits for it.</summary>
internal interface IPendingWrite
{
    /// <summary>When it was enqueued, as a timestamp of the clock.</summary>
    long EnqueuedAt { get; }

    /// <summary>Whether its caller has stopped waiting.</summary>
    bool IsAbandoned { get; }

    void Fail(Exception exception);
}
