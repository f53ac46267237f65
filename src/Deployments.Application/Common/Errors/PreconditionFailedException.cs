namespace Deployments.Application.Common.Errors;

/// <summary>The current version is not one of those that the caller required.</summary>
/// <param name="hasUnreadableVersions">Whether the caller also sent versions that were altered on their way here.</param>
public sealed class PreconditionFailedException(bool hasUnreadableVersions) : Exception("The current version is not one of those required.")
{
    /// <summary>Whether the caller also sent versions that were altered on their way here.</summary>
    public bool HasUnreadableVersions { get; } = hasUnreadableVersions;
}
