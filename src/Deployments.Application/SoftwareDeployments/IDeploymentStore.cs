using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Application.SoftwareConfigs;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// What the use cases ask of storage. Each call ends within five seconds: with its result, which is durable, or with
/// <see cref="UnavailableException"/>. A project may see its own deployments and those shared with it.
/// </summary>
public interface IDeploymentStore
{
    /// <summary>
    /// Stores new deployments and the first event of each, all or none. Adding the same ids again changes nothing; where the project
    /// has others with their idempotency key, those are given back and nothing is stored.
    /// </summary>
    /// <param name="deployments">
    /// The deployments, each with an id of its own, all of the caller's project and with the same idempotency key, or none.
    /// </param>
    /// <param name="caller">Whom the events name.</param>
    /// <param name="references">Whether the configurations that they name must be held here.</param>
    /// <param name="cancellationToken">Gives up waiting; the deployments may have been stored all the same.</param>
    Task<AddOutcome> AddAsync(
        IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken);

    /// <summary>The deployment, if the project may see it; else null.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken);

    /// <summary>
    /// The first deployments that match, in the order of their ids, which is that of their creation; where their values are large, fewer
    /// than were asked for.
    /// </summary>
    /// <param name="filter">Which deployments.</param>
    /// <param name="after">Only those with a greater id; null for the first.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Chunk<SoftwareDeployment>> ListAsync(DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken);

    /// <summary>The id of the last of the first so many deployments that match; null where no other comes after it.</summary>
    /// <param name="filter">Which deployments.</param>
    /// <param name="after">Only those with a greater id; null for the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Guid?> FindPageEndAsync(DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken);

    /// <summary>Stores a change and its event, if the stored version is the one before it.</summary>
    /// <param name="deployment">The deployment, changed once since it was read.</param>
    /// <param name="caller">Whom the event names.</param>
    /// <param name="configMustBeKnown">Whether its configuration must be held here.</param>
    /// <param name="cancellationToken">Gives up waiting; the change may have been stored all the same.</param>
    Task<UpdateOutcome> UpdateAsync(
        SoftwareDeployment deployment, Caller caller, bool configMustBeKnown, CancellationToken cancellationToken);

    /// <summary>Deletes a deployment with its history.</summary>
    /// <param name="deployment">The deployment, as it was read.</param>
    /// <param name="onlyThisVersion">Whether to leave it where it has changed since.</param>
    /// <param name="cancellationToken">Gives up waiting; it may have been deleted all the same.</param>
    /// <returns>False when it was not there, or had changed.</returns>
    Task<bool> DeleteAsync(SoftwareDeployment deployment, bool onlyThisVersion, CancellationToken cancellationToken);

    /// <summary>A deployment's history, oldest first.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<IReadOnlyList<DeploymentEvent>> ListEventsAsync(SoftwareDeployment deployment, CancellationToken cancellationToken);

    /// <summary>
    /// Which configuration each deployment of a server applies that the project may see, where it is held in the deployment's own
    /// project; by its name (none first), then by the deployment's creation.
    /// </summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="serverId">The server.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<IReadOnlyList<ConfigKey>> ListServerConfigsAsync(string projectId, string serverId, CancellationToken cancellationToken);
}

/// <summary>How storing new deployments went: all are stored, unless this says why none is.</summary>
public sealed record AddOutcome
{
    /// <summary>All are stored.</summary>
    public static readonly AddOutcome Stored = new();

    /// <summary>The configuration ids that are not known though they must be.</summary>
    public IReadOnlySet<string>? MissingConfigIds { get; init; }

    /// <summary>What an earlier request with the same idempotency key created, as far as it is still there, in the order of its indexes.</summary>
    public IReadOnlyList<SoftwareDeployment>? Existing { get; init; }
}

/// <summary>How storing a change went.</summary>
public enum UpdateOutcome
{
    /// <summary>It is stored.</summary>
    Saved,

    /// <summary>The deployment has changed or gone since it was read; nothing was stored.</summary>
    VersionConflict,

    /// <summary>The configuration is not held here; nothing was stored.</summary>
    MissingConfig,
}
