using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>Locks on rows, always of deployments before configurations.</summary>
internal static class RowLocks
{
    /// <summary>The deployment, if the project may see it, locked until the transaction ends; else null.</summary>
    public static async Task<SoftwareDeployment?> LockDeploymentAsync(
        this DeploymentsDbContext context, string projectId, Guid id, CancellationToken cancellationToken) =>
        await context.LockOwnDeploymentAsync(projectId, id, cancellationToken)
        ?? (await context.FindOwnerAsync(projectId, id, cancellationToken) is { } owner
            ? await context.LockOwnDeploymentAsync(owner, id, cancellationToken)
            : null);

    /// <summary>Returns the ids of which the project has no configuration. The others cannot be deleted before the transaction ends.</summary>
    public static async Task<IReadOnlySet<string>> LockExistingConfigsAsync(
        this DeploymentsDbContext context, string projectId, IReadOnlySet<string> configIds, CancellationToken cancellationToken)
    {
        var ids = configIds
            .Select(CanonicalUuid.Parse)
            .OfType<Guid>()
            .ToArray();
        var existing = await context.Database
            .SqlQuery<Guid>(
                $"SELECT id FROM software_configs WHERE project_id = {projectId} AND id = ANY ({ids}) ORDER BY id FOR KEY SHARE")
            .ToListAsync(cancellationToken);

        return configIds.Except(existing.Select(id => id.ToString())).ToHashSet();
    }

    private static Task<SoftwareDeployment?> LockOwnDeploymentAsync(
        this DeploymentsDbContext context, string projectId, Guid id, CancellationToken cancellationToken) =>
        context.SoftwareDeployments
            .FromSql($"SELECT * FROM software_deployments WHERE project_id = {projectId} AND id = {id} FOR UPDATE")
            .AsNoTracking()
            .SingleOrDefaultAsync(cancellationToken);

    /// <summary>The owner of a deployment that is shared with this project. Sharing never changes, so no lock is needed yet.</summary>
    private static async Task<string?> FindOwnerAsync(
        this DeploymentsDbContext context, string projectId, Guid id, CancellationToken cancellationToken)
    {
        var owners = await context.Database
            .SqlQuery<string>(
                $"""
                SELECT deployment.project_id
                FROM project_shares AS share
                JOIN software_deployments AS deployment ON deployment.project_id = share.owner_project_id
                WHERE share.project_id = {projectId} AND deployment.id = {id} AND deployment.stack_user_project_id = {projectId}
                """)
            .ToListAsync(cancellationToken);
        return owners.SingleOrDefault();
    }
}
