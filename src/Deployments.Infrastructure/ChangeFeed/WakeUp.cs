namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>Wakes a loop, once for any number of calls in the meantime.</summary>
internal sealed class WakeUp : IDisposable
{
    private readonly SemaphoreSlim semaphore = new(0, 1);

    public void Set()
    {
        lock (semaphore)
        {
            if (semaphore.CurrentCount == 0)
            {
                semaphore.Release();
            }
        }
    }

    /// <returns>False if the time was up first.</returns>
    public Task<bool> WaitAsync(TimeSpan time, CancellationToken cancellationToken) => semaphore.WaitAsync(time, cancellationToken);

    public void Dispose() => semaphore.Dispose();
}
