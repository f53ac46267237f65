using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Reads deployments. Each call ends soon after its token fires: with its result, or with
/// <see cref="UnavailableException"/>. A project may see its own deployments and those shared with it.
/// </summary>
public interface IDeploymentQueries
{
    /// <summary>The deployment, if the project may see it; else null.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken);

    /// <summary>
    /// The first deployments that match, in the order of their ids, which is that of their creation; where their values are large, fewer
    /// than requested.
    /// </summary>
    /// <param name="filter">Which deployments, and whether the first are the oldest or the newest.</param>
    /// <param name="after">Only those after this id in that order; null for the first.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<Chunk<SoftwareDeployment>> ListAsync(DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken);

    /// <summary>The id of the last of the first <paramref name="count"/> deployments that match; null if none comes after it.</summary>
    /// <param name="filter">Which deployments, and whether the first are the oldest or the newest.</param>
    /// <param name="after">Only those after this id in that order; null for the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<Guid?> FindPageEndAsync(DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken);

    /// <summary>The next entries of a deployment's history, oldest first; where their reasons are long, fewer than requested.</summary>
    /// <param name="projectId">The project that owns the deployment.</param>
    /// <param name="id">The deployment's id.</param>
    /// <param name="after">Only those with a greater version; null for the first.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<Chunk<DeploymentEvent>> ListEventsAsync(
        string projectId, Guid id, int? after, int count, CancellationToken cancellationToken);

    /// <summary>The next of the deployments that were created with an idempotency key, in the order of their indexes.</summary>
    /// <param name="projectId">The project that owns them.</param>
    /// <param name="key">The key.</param>
    /// <param name="after">Only those with a greater index; null for the first.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<Chunk<SoftwareDeployment>> ListByIdempotencyKeyAsync(
        string projectId, string key, int? after, int count, CancellationToken cancellationToken);

    /// <summary>
    /// The configuration that each deployment of a server applies, where it exists in the deployment's own project; by its name (none
    /// first), then by the deployment's creation.
    /// </summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="serverId">The server.</param>
    /// <param name="includeShared">Whether to include deployments that another project shares with this one.</param>
    /// <param name="after">Only what comes after this one; null for the first.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<IReadOnlyList<AppliedConfig>> ListAppliedConfigsAsync(
        string projectId, string serverId, bool includeShared, AppliedConfig? after, int count, CancellationToken cancellationToken);
}

/// <summary>A configuration that a deployment applies.</summary>
/// <param name="ProjectId">The project that owns both.</param>
/// <param name="ConfigId">The configuration.</param>
/// <param name="ConfigName">Its name.</param>
/// <param name="DeploymentId">The deployment.</param>
public sealed record AppliedConfig(string ProjectId, Guid ConfigId, string? ConfigName, Guid DeploymentId);
