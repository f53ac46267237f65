namespace Deployments.Application.Common.Errors;

/// <summary>Storage did not answer in time; a write may or may not have been stored.</summary>
/// <param name="cause">What storage last said, for the log; it never reaches a caller.</param>
public sealed class UnavailableException(Exception? cause = null) : Exception("The database cannot be reached.", cause);
