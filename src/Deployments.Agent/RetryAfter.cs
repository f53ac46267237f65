namespace Deployments.Agent;

internal static class RetryAfter
{
    /// <summary>How long a response asks to wait.</summary>
    public static TimeSpan? Of(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delay } => delay,
        { Date: { } date } when response.Headers.Date is { } now => date - now,
        _ => null,
    };
}
