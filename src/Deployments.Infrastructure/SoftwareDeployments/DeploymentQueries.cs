using Deployments.Application.Common.Paging;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.GroupedReads;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Microsoft.EntityFrameworkCore;

namespace Deployments.Infrastructure.SoftwareDeployments;

internal sealed class DeploymentQueries(DatabaseExecutor database, GroupReader<RowKey, SoftwareDeployment> reader) : IDeploymentQueries
{
    /// <summary>Deployments by their ids, as far as the projects see them.</summary>
    public static readonly GroupedStatement<RowKey, SoftwareDeployment> ById = new(
        RowKey.AddColumns,
        relation => $"SELECT input.number, deployment.* FROM {relation} CROSS JOIN LATERAL {DeploymentColumns.VisibleTo(DeploymentColumns.All)} AS deployment",
        (row, _) => DeploymentColumns.Read(row, first: 1));

    public Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
        reader.ReadAsync(new(projectId, id), cancellationToken);

    public Task<Chunk<SoftwareDeployment>> ListAsync(
        DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken) =>
        database.RunAsync(
            async attempt =>
            {
                // Most projects have nothing shared with them, and need no union, whose SQL EF Core writes anew for each request.
                var (context, projectId) = (attempt.Context, filter.ProjectId);
                var own = await Own(context, filter, after, count)
                    .Select(deployment => new
                    {
                        Deployment = deployment,
                        IsReceiver = context.ProjectShares.Any(share => share.ProjectId == projectId),
                    })
                    .AsAsyncEnumerable()
                    .TakeChunkAsync(row => RowSize.Of(row.Deployment), attempt.Token);
                var isReceiver = own.Items is [var first, ..]
                    ? first.IsReceiver
                    : await context.ProjectShares.AnyAsync(share => share.ProjectId == projectId, attempt.Token);
                return isReceiver
                    ? await Matching(context, filter, after, count).AsAsyncEnumerable().TakeChunkAsync(RowSize.Of, attempt.Token)
                    : new Chunk<SoftwareDeployment>([.. own.Items.Select(row => row.Deployment)], own.IsTruncated);
            },
            cancellationToken);

    public Task<Guid?> FindPageEndAsync(DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken) =>
        database.RunAsync<Guid?>(
            async attempt =>
                await Matching(attempt.Context, filter, after, count + 1)
                    .Select(deployment => deployment.Id).Skip(count - 1).ToListAsync(attempt.Token) is [var last, _]
                    ? last
                    : null,
            cancellationToken);

    public Task<Chunk<DeploymentEvent>> ListEventsAsync(
        string projectId, Guid id, int? after, int count, CancellationToken cancellationToken)
    {
        var version = after ?? 0;
        return database.RunAsync(
            attempt => attempt.Context.DeploymentEvents.AsNoTracking()
                .Where(entry => entry.ProjectId == projectId && entry.DeploymentId == id && entry.Version > version
                    && EF.Property<bool?>(entry, DeploymentEventConfiguration.Deleted) != true) // it may be deleted meanwhile
                .OrderBy(entry => entry.Version)
                .Take(count)
                .AsAsyncEnumerable()
                .TakeChunkAsync(RowSize.Of, attempt.Token),
            cancellationToken);
    }

    public Task<Chunk<SoftwareDeployment>> ListByIdempotencyKeyAsync(
        string projectId, string key, int? after, int count, CancellationToken cancellationToken)
    {
        var index = after ?? -1;
        return database.RunAsync(
            attempt => attempt.Context.SoftwareDeployments.AsNoTracking()
                .Where(deployment => deployment.ProjectId == projectId
                    && EF.Property<string?>(deployment, SoftwareDeploymentConfiguration.IdempotencyKeyText) == key
                    && EF.Property<int?>(deployment, SoftwareDeploymentConfiguration.IdempotencyIndex) > index)
                .OrderBy(deployment => EF.Property<int?>(deployment, SoftwareDeploymentConfiguration.IdempotencyIndex))
                .Take(count)
                .AsAsyncEnumerable()
                .TakeChunkAsync(RowSize.Of, attempt.Token),
            cancellationToken);
    }

    // LIMIT 1 changes no result: it makes the planner look up the primary key once for each deployment.
    public Task<IReadOnlyList<AppliedConfig>> ListAppliedConfigsAsync(
        string projectId, string serverId, bool includeShared, AppliedConfig? after, int count, CancellationToken cancellationToken)
    {
        var (isFirst, afterName, afterId) = (after is null, after?.ConfigName, after?.DeploymentId ?? Guid.Empty);
        return database.RunAsync<IReadOnlyList<AppliedConfig>>(
            async attempt => await attempt.Context.Database
                .SqlQuery<AppliedConfig>(
                    $"""
                    SELECT config.project_id, config.id AS config_id, config.name AS config_name, deployment.id AS deployment_id
                    FROM (
                        SELECT project_id, id, config_id FROM software_deployments
                        WHERE project_id = {projectId} AND server_id = {serverId}
                        UNION ALL
                        SELECT shared.project_id, shared.id, shared.config_id
                        FROM project_shares AS share
                        JOIN software_deployments AS shared ON shared.project_id = share.owner_project_id
                        WHERE {includeShared} AND share.project_id = {projectId} AND shared.stack_user_project_id = {projectId}
                            AND shared.server_id = {serverId}
                    ) AS deployment
                    CROSS JOIN LATERAL (
                        SELECT project_id, id, name FROM software_configs
                        WHERE project_id = deployment.project_id
                            AND id = CASE WHEN deployment.config_id ~ {CanonicalUuid.Pattern} THEN deployment.config_id::uuid END
                        LIMIT 1
                    ) AS config
                    WHERE {isFirst}
                        OR (config.name IS NOT NULL, COALESCE(config.name, '') COLLATE "C", deployment.id)
                            > ({afterName is not null}, COALESCE({afterName}, '') COLLATE "C", {afterId})
                    ORDER BY config.name COLLATE "C" NULLS FIRST, deployment.id
                    LIMIT {count}
                    """)
                .ToListAsync(attempt.Token),
            cancellationToken);
    }

    // Ordered index scans, merged: one of the project's own deployments, and one for each project that shares some with it.
    private static IQueryable<SoftwareDeployment> Matching(DeploymentsDbContext context, DeploymentFilter filter, Guid? after, int count) =>
        First(Own(context, filter, after, count).Concat(Shared(context, filter, after, count)), filter.IsDescending, count);

    // In SQL, as EF Core would number all rows of a project to find the first.
    private static IQueryable<SoftwareDeployment> Shared(DeploymentsDbContext context, DeploymentFilter filter, Guid? after, int count)
    {
        var parameters = new List<object>();
        var conditions = new List<string> { "project_id = share.owner_project_id", $"stack_user_project_id = {Parameter(filter.ProjectId)}" };
        AddCondition("server_id =", filter.ServerId);
        AddCondition("config_id =", filter.ConfigId);
        AddCondition("action =", filter.Action);
        AddCondition("status =", filter.Status?.ToName());
        AddCondition(filter.IsDescending ? "id <" : "id >", after);
        var statement =
            $"""
            SELECT shared.*
            FROM project_shares AS share
            CROSS JOIN LATERAL (
                SELECT * FROM software_deployments WHERE {string.Join(" AND ", conditions)} ORDER BY id {(filter.IsDescending ? "DESC" : "ASC")} LIMIT {Parameter(count)}
            ) AS shared
            WHERE share.project_id = {Parameter(filter.ProjectId)}
            """;
        return context.SoftwareDeployments.FromSqlRaw(statement, [.. parameters]).AsNoTracking();

        void AddCondition(string condition, object? value)
        {
            if (value is not null)
            {
                conditions.Add($"{condition} {Parameter(value)}");
            }
        }

        string Parameter(object value)
        {
            parameters.Add(value);
            return $"{{{parameters.Count - 1}}}";
        }
    }

    private static IQueryable<SoftwareDeployment> Own(DeploymentsDbContext context, DeploymentFilter filter, Guid? after, int count)
    {
        var projectId = filter.ProjectId;
        var deployments = context.SoftwareDeployments.AsNoTracking().Where(deployment => deployment.ProjectId == projectId);
        if (filter.ServerId is { } serverId)
        {
            deployments = deployments.Where(deployment => deployment.ServerId == serverId);
        }

        if (filter.ConfigId is { } configId)
        {
            deployments = deployments.Where(deployment => deployment.ConfigId == configId);
        }

        if (filter.Action is { } action)
        {
            deployments = deployments.Where(deployment => deployment.Action == action);
        }

        if (filter.Status is { } status)
        {
            deployments = deployments.Where(deployment => deployment.Status == status);
        }

        if (after is { } marker)
        {
            deployments = filter.IsDescending
                ? deployments.Where(deployment => deployment.Id < marker)
                : deployments.Where(deployment => deployment.Id > marker);
        }

        return First(deployments, filter.IsDescending, count);
    }

    private static IQueryable<SoftwareDeployment> First(IQueryable<SoftwareDeployment> deployments, bool isDescending, int count) =>
        (isDescending ? deployments.OrderByDescending(deployment => deployment.Id) : deployments.OrderBy(deployment => deployment.Id))
            .Take(count);
}
