using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

internal static class DeploymentLookup
{
    public static NotFoundException NotFound(Guid id) => new($"There is no software deployment {id} in this project.");

    public static async Task<SoftwareDeployment> GetAsync(
        this IDeploymentQueries queries, string projectId, Guid id, CancellationToken cancellationToken) =>
        await queries.FindAsync(projectId, id, cancellationToken) ?? throw NotFound(id);

    /// <exception cref="PreconditionFailedException">The deployment has none of the versions; null allows any.</exception>
    public static void RequireVersion(this SoftwareDeployment deployment, IReadOnlySet<int>? ifMatch)
    {
        if (ifMatch is not null && !ifMatch.Contains(deployment.Version))
        {
            throw new PreconditionFailedException();
        }
    }
}
