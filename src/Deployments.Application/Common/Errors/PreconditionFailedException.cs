namespace Deployments.Application.Common.Errors;

/// <summary>The caller named none of the versions that the thing has: it has changed since they last saw it, or their entity tags were altered.</summary>
/// <param name="hasAlteredTags">Whether a proxy has altered entity tags that the caller sent.</param>
public sealed class PreconditionFailedException(bool hasAlteredTags) : Exception(hasAlteredTags
    ? "A proxy has changed the entity tag in If-Match: it is weak, or has the suffix of a compression. The proxy must pass entity tags on as they are."
    : "It has changed: its version is none of those in If-Match.");
