namespace Deployments.Application.Common.Errors;

/// <summary>The database did not respond in time, or the service is overloaded; a write may or may not have been stored.</summary>
/// <param name="cause">The last failure of the database, for the log; it is never part of a response.</param>
/// <param name="detail">What the caller is told, if it is more than that.</param>
public sealed class UnavailableException(Exception? cause = null, string? detail = null) : Exception("The database cannot be reached.", cause)
{
    /// <summary>What the caller is told; null for the text that all have in common.</summary>
    public string? Detail => detail;
}
