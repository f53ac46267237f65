using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

internal static class DeploymentLookup
{
    public static NotFoundException NotFound(Guid id) => new($"There is no software deployment {id} in this project.");

    public static async Task<SoftwareDeployment> GetAsync(
        this IDeploymentQueries queries, string projectId, Guid id, CancellationToken cancellationToken) =>
        await queries.FindAsync(projectId, id, cancellationToken) ?? throw NotFound(id);
}
