using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Writes deployments. Each call ends soon after its token fires: with its result, which is durable, or with
/// <see cref="UnavailableException"/>. A project may change its own deployments and those shared with it.
/// </summary>
public interface IDeploymentCommands
{
    /// <summary>
    /// Stores new deployments and the first event of each, all or none. Adding the same ids again changes nothing; where the project
    /// already has deployments with their idempotency key, the outcome has those and nothing is stored.
    /// </summary>
    /// <param name="deployments">
    /// The deployments, each with an id of its own, all of the caller's project and with the same idempotency key, or none.
    /// </param>
    /// <param name="caller">The actor of the events.</param>
    /// <param name="references">Whether the configurations that they refer to must exist.</param>
    /// <param name="cancellationToken">Stops the work; the deployments may have been stored nevertheless.</param>
    Task<AddOutcome> AddAsync(
        IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken);

    /// <summary>
    /// Changes a deployment while its row is locked, and stores the change with its event. Changes of one deployment are made one after
    /// another, so that none is lost.
    /// </summary>
    /// <param name="id">The deployment, of the caller's project or shared with it.</param>
    /// <param name="change">
    /// Makes the change and returns whether there is one; what it throws is thrown, and nothing is stored. It may be called again, with the
    /// current deployment.
    /// </param>
    /// <param name="caller">The actor of the event.</param>
    /// <param name="references">Whether a configuration that the change refers to must exist.</param>
    /// <param name="cancellationToken">Stops the work; the change may have been stored nevertheless.</param>
    Task<ChangeOutcome> ChangeAsync(
        Guid id, Func<SoftwareDeployment, bool> change, Caller caller, ConfigReferences references, CancellationToken cancellationToken);

    /// <summary>Deletes a deployment, while its row is locked. Its history remains in the change feed for a while, with the deletion.</summary>
    /// <param name="caller">The actor of the event.</param>
    /// <param name="id">The deployment, of the caller's project or shared with it.</param>
    /// <param name="check">Throws if its current version must not be deleted.</param>
    /// <param name="cancellationToken">Stops the work; it may have been deleted nevertheless.</param>
    /// <returns>Whether it existed.</returns>
    Task<bool> DeleteAsync(Caller caller, Guid id, Action<SoftwareDeployment> check, CancellationToken cancellationToken);
}

/// <summary>The result of storing new deployments: all are stored, or none for the reason that is set.</summary>
public sealed record AddOutcome
{
    /// <summary>All are stored.</summary>
    public static readonly AddOutcome Stored = new();

    /// <summary>The configuration ids that must exist and do not.</summary>
    public IReadOnlySet<string>? MissingConfigIds { get; init; }

    /// <summary>The deployments of an earlier request with the same idempotency key that still exist, in the order of their indexes.</summary>
    public IReadOnlyList<ExistingDeployment>? Existing { get; init; }
}

/// <summary>A deployment that an earlier request created, without its values, which may be large.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RequestHash">The hash of that request.</param>
public sealed record ExistingDeployment(Guid Id, byte[] RequestHash);

/// <summary>The result of a change.</summary>
/// <param name="Deployment">The current deployment; null if it does not exist.</param>
/// <param name="IsConfigMissing">Whether nothing was stored because the configuration that the change refers to does not exist.</param>
public sealed record ChangeOutcome(SoftwareDeployment? Deployment, bool IsConfigMissing = false);
