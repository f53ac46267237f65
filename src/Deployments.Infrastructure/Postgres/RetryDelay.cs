namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// The delays before the attempts of one piece of work: each twice the one before, up to a limit, and shortened at random, so that
/// requests that failed together are not retried together.
/// </summary>
internal sealed class RetryDelay(TimeSpan initial, TimeSpan max)
{
    private TimeSpan next = initial;

    /// <summary>The next delay, from half of its length to the whole.</summary>
    public TimeSpan Next()
    {
        var delay = next;
        next = delay * 2 < max ? delay * 2 : max;
        return delay * (0.5 + (Random.Shared.NextDouble() / 2));
    }
}
