namespace Deployments.Infrastructure.Postgres;

/// <summary>Spreads retries, so that requests that failed together are not retried together.</summary>
internal static class Jitter
{
    /// <summary>A random duration from half of the delay to the whole delay.</summary>
    public static TimeSpan Of(TimeSpan delay) => delay * (0.5 + (Random.Shared.NextDouble() / 2));
}
