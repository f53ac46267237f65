namespace Deployments.Infrastructure.Retention;

/// <summary>How long what is deleted by age leaves the database to the callers: POSTs may be slowed by a tenth.</summary>
internal static class RetentionPace
{
    private const int IdleFactor = 14; // a fifteenth of the time is work

    // The first work of a process takes long, as its code is compiled.
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromSeconds(5);

    /// <summary>The time between work that took so long and the next.</summary>
    public static TimeSpan IdleTimeAfter(TimeSpan work) => work * IdleFactor < MaxIdleTime ? work * IdleFactor : MaxIdleTime;
}
