namespace Deployments.Application.Common.Errors;

/// <summary>The thing has changed since the caller last saw it: none of the versions that they named is its own.</summary>
public sealed class PreconditionFailedException() : Exception("It has changed: its version is none of those in If-Match.");
