using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// What the use cases that write ask of storage. Each call ends soon after its token fires: with its result, which is durable, or with
/// <see cref="UnavailableException"/>. A project may change its own deployments and those shared with it.
/// </summary>
public interface IDeploymentCommands
{
    /// <summary>
    /// Stores new deployments and the first event of each, all or none. Adding the same ids again changes nothing; where the project
    /// has others with their idempotency key, the outcome names those and nothing is stored.
    /// </summary>
    /// <param name="deployments">
    /// The deployments, each with an id of its own, all of the caller's project and with the same idempotency key, or none.
    /// </param>
    /// <param name="caller">Whom the events name.</param>
    /// <param name="references">Whether the configurations that they name must be held here.</param>
    /// <param name="cancellationToken">Stops the work; the deployments may have been stored all the same.</param>
    Task<AddOutcome> AddAsync(
        IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken);

    /// <summary>
    /// Changes a deployment while its row is locked, and stores the change with its event. Changes of one deployment are made one after
    /// another, so that none is lost.
    /// </summary>
    /// <param name="id">The deployment, of the caller's project or shared with it.</param>
    /// <param name="change">
    /// Makes the change and returns whether there is one; what it throws is thrown, and nothing is stored. It may be called again, with the
    /// deployment as it then stands.
    /// </param>
    /// <param name="caller">Whom the event names.</param>
    /// <param name="references">Whether a configuration that the change names must be held here.</param>
    /// <param name="cancellationToken">Stops the work; the change may have been stored all the same.</param>
    Task<ChangeOutcome> ChangeAsync(
        Guid id, Func<SoftwareDeployment, bool> change, Caller caller, ConfigReferences references, CancellationToken cancellationToken);

    /// <summary>Deletes a deployment with its history, while its row is locked.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The deployment, the project's own or shared with it.</param>
    /// <param name="check">Throws where it must not be deleted as it stands.</param>
    /// <param name="cancellationToken">Stops the work; it may have been deleted all the same.</param>
    /// <returns>Whether it was there.</returns>
    Task<bool> DeleteAsync(string projectId, Guid id, Action<SoftwareDeployment> check, CancellationToken cancellationToken);
}

/// <summary>How storing new deployments went: all are stored, unless this says why none is.</summary>
public sealed record AddOutcome
{
    /// <summary>All are stored.</summary>
    public static readonly AddOutcome Stored = new();

    /// <summary>The configuration ids that are not known though they must be.</summary>
    public IReadOnlySet<string>? MissingConfigIds { get; init; }

    /// <summary>What an earlier request with the same idempotency key created, as far as it is still there, in the order of its indexes.</summary>
    public IReadOnlyList<ExistingDeployment>? Existing { get; init; }
}

/// <summary>A deployment that an earlier request created; not the whole of it, for together they may be large.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RequestHash">The hash of what that request asked for.</param>
public sealed record ExistingDeployment(Guid Id, byte[] RequestHash);

/// <summary>How a change went.</summary>
/// <param name="Deployment">The deployment as it is now; null where there is none.</param>
/// <param name="IsConfigMissing">Whether nothing was stored because the configuration that the change names is not held here.</param>
public sealed record ChangeOutcome(SoftwareDeployment? Deployment, bool IsConfigMissing = false);
