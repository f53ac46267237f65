namespace Deployments.Agent;

/// <summary>The service's time, by which deadlines count: this machine's clock may be wrong, or be set while the agent runs.</summary>
internal sealed class ServiceClock(TimeProvider clock)
{
    private DateTimeOffset? time;
    private long timestamp;

    public DateTimeOffset Now => time is { } then ? then + clock.GetElapsedTime(timestamp) : clock.GetUtcNow();

    /// <summary>Takes the time from a response.</summary>
    public void Set(HttpResponseMessage response)
    {
        if (response.Headers.Date is { } date)
        {
            (time, timestamp) = (date, clock.GetTimestamp());
        }
    }
}
