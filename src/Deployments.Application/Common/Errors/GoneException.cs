namespace Deployments.Application.Common.Errors;

/// <summary>What the caller wants to continue from no longer exists, so that something would be missing.</summary>
/// <param name="message">Why, and how to begin anew; for the caller.</param>
public sealed class GoneException(string message) : Exception(message);
