namespace Deployments.Application.Common;

/// <summary>
/// How long the parts of a request may take, so that every response is sent within the contract's five seconds. They are injected: a test of
/// an outage sets shorter ones.
/// </summary>
public sealed class TimeBudgets
{
    /// <summary>From the start of a use case until its work is stopped.</summary>
    public TimeSpan Request { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a response waits for work that was stopped to end, so that nothing is stored behind it.</summary>
    public TimeSpan Stop { get; set; } = TimeSpan.FromMilliseconds(600);

    /// <summary>How long a health check may wait for the database.</summary>
    public TimeSpan HealthCheck { get; set; } = TimeSpan.FromSeconds(2);
}
