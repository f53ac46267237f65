namespace Deployments.Application.Common.Errors;

/// <summary>The database did not respond in time, or the service is overloaded; a write may or may not have been stored.</summary>
/// <param name="cause">The last failure of the database, for the log; it is never part of a response.</param>
public sealed class UnavailableException(Exception? cause = null) : Exception("The database cannot be reached.", cause);
