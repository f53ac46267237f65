namespace Deployments.Agent;

/// <summary>Growing pauses between attempts, of random length, so that agents that failed together do not come back together.</summary>
internal sealed class RetryDelay
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    // No service is away for longer than it can say: what asks for more is a mistake.
    private static readonly TimeSpan LongestRequested = TimeSpan.FromHours(1);

    private TimeSpan next = First;

    public void Reset() => next = First;

    /// <param name="retryAfter">What the response asks for, at least.</param>
    public TimeSpan Next(TimeSpan? retryAfter = null)
    {
        var pause = next * (0.5 + (Random.Shared.NextDouble() / 2));
        next = next * 2 < Longest ? next * 2 : Longest;
        return retryAfter is not { } requested ? pause
            : requested <= TimeSpan.Zero ? pause
            : requested > LongestRequested ? LongestRequested + pause
            : requested + pause;
    }
}
