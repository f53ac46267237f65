namespace Deployments.Infrastructure.Postgres;

/// <summary>Spreads retries, so that those which failed together do not come back together.</summary>
internal static class Jitter
{
    /// <summary>Between half of the delay and all of it.</summary>
    public static TimeSpan Of(TimeSpan delay) => delay * (0.5 + (Random.Shared.NextDouble() / 2));
}
