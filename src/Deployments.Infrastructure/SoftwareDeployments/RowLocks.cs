using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>Locks on rows, always of deployments before configurations.</summary>
internal static class RowLocks
{
    private static readonly string FindOwner =
        $$"""
        SELECT visible.project_id FROM (SELECT {0} AS project_id, {1} AS id) AS input
        CROSS JOIN LATERAL {{DeploymentColumns.VisibleTo("project_id")}} AS visible
        """;

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

    /// <summary>Locks those of some rows of a project that nobody else has locked, until the transaction or the statement ends.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="table">The table.</param>
    /// <param name="projectId">The project.</param>
    /// <param name="ids">The rows.</param>
    /// <returns>The ids of those that it has locked.</returns>
    public static async Task<Guid[]> LockUnlockedAsync(this DatabaseExecutor.Attempt attempt, string table, string projectId, Guid[] ids)
    {
        await using var command = await attempt.CreateCommandAsync(
            $"SELECT id FROM {table} WHERE project_id = @project_id AND id = ANY (@ids) FOR UPDATE SKIP LOCKED");
        command.Parameters.AddWithValue("project_id", projectId);
        command.Parameters.AddWithValue("ids", ids);
        await using var rows = await command.ExecuteReaderAsync(attempt.Token);
        var locked = new List<Guid>();
        while (await rows.ReadAsync(attempt.Token))
        {
            locked.Add(rows.GetGuid(0));
        }

        return [.. locked];
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
            .SqlQueryRaw<string>(FindOwner, projectId, id)
            .ToListAsync(cancellationToken);
        return owners.SingleOrDefault();
    }
}
