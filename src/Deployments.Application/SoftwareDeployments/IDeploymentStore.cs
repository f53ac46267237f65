using Deployments.Application.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// What the use cases ask of storage. Each call ends within five seconds: with its result, which is durable, or with
/// <see cref="UnavailableException"/>.
/// </summary>
public interface IDeploymentStore
{
    /// <summary>Stores a new deployment. Adding the same id again changes nothing.</summary>
    /// <param name="deployment">The deployment, with an id of its own.</param>
    /// <param name="cancellationToken">Gives up waiting; the deployment may have been stored all the same.</param>
    Task AddAsync(SoftwareDeployment deployment, CancellationToken cancellationToken);

    /// <summary>The deployment, if it is the project's own or is shared with it; else null.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken);
}
