using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

internal static class DeploymentQueries
{
    /// <summary>The deployment, which must be there for this project and have one of the given versions.</summary>
    public static async Task<SoftwareDeployment> GetAsync(
        this IDeploymentStore store, string projectId, Guid id, IReadOnlySet<int>? ifMatch, CancellationToken cancellationToken)
    {
        var deployment = await store.FindAsync(projectId, id, cancellationToken)
            ?? throw new NotFoundException($"There is no software deployment {id} in this project.");

        return ifMatch is null || ifMatch.Contains(deployment.Version) ? deployment : throw new PreconditionFailedException();
    }
}
