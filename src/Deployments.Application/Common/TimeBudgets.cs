namespace Deployments.Application.Common;

/// <summary>
/// How long the parts of a request may take, so that every response is sent within the five seconds that the contract promises. They are
/// injected: tests set longer ones, so that a busy machine changes no response, and shorter ones for an outage.
/// </summary>
public sealed class TimeBudgets
{
    /// <summary>From the start of a use case until its work is stopped.</summary>
    public TimeSpan Request { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long the totals of a list may take; a response without them is sent rather than a late one.</summary>
    public TimeSpan Totals { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a response waits for cancelled work to end, so that nothing is stored after the response.</summary>
    public TimeSpan Stop { get; set; } = TimeSpan.FromMilliseconds(600);

    /// <summary>How long a token may wait until the keys of its authority are discovered.</summary>
    public TimeSpan Discovery { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a health check may wait for the database.</summary>
    public TimeSpan HealthCheck { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the command that requests a health check waits for the response.</summary>
    public TimeSpan HealthCheckCommand { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How often a stream has a bookmark, at which its token is verified, and how long its client may take to receive what is sent.</summary>
    public TimeSpan Bookmark { get; set; } = TimeSpan.FromSeconds(15);
}
