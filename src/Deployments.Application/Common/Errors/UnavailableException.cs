namespace Deployments.Application.Common.Errors;

/// <summary>
/// The database did not respond in time, does not have what was asked for, or the service is overloaded; a write may or may not have been stored.
/// </summary>
/// <param name="cause">The last failure of the database, for the log; it is never part of a response.</param>
/// <param name="detail">What is unavailable and why, for the response; null if there is no more to say than that the service is.</param>
public sealed class UnavailableException(Exception? cause = null, string? detail = null) : Exception(detail ?? "The database cannot be reached.", cause)
{
    /// <summary>What is unavailable and why, for the response.</summary>
    public string? Detail { get; } = detail;
}
