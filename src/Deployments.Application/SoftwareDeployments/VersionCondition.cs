using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>One version of a deployment.</summary>
/// <param name="Number">1 at creation, one more with each change.</param>
/// <param name="Changed">When it became this version, as a number may be used again after a restore; null for any time.</param>
public readonly record struct DeploymentVersion(int Number, DateTimeOffset? Changed);

/// <summary>The versions of which a deployment must have one to be changed, or to be waited for.</summary>
/// <param name="Versions">The versions that the caller named.</param>
/// <param name="HasUnreadableVersions">Whether the caller also sent versions that were altered on their way here and cannot be read.</param>
public sealed record VersionCondition(IReadOnlySet<DeploymentVersion> Versions, bool HasUnreadableVersions)
{
    /// <summary>Whether the deployment has one of the versions.</summary>
    internal bool IsMetBy(SoftwareDeployment deployment) =>
        Versions.Contains(new(deployment.Version, deployment.ChangedTime)) || Versions.Contains(new(deployment.Version, Changed: null));

    /// <exception cref="PreconditionFailedException">The deployment has none of the versions.</exception>
    internal void Require(SoftwareDeployment deployment)
    {
        if (!IsMetBy(deployment))
        {
            throw new PreconditionFailedException(HasUnreadableVersions);
        }
    }
}
