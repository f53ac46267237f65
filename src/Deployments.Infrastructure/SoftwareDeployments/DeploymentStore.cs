using System.Diagnostics;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareDeployments;

internal sealed class DeploymentStore(DatabaseExecutor database, GroupCommitWriter writer) : IDeploymentStore
{
    private const int LargestChunkLength = 1024 * 1024;

    private static readonly Func<DeploymentsDbContext, string, Guid, CancellationToken, Task<SoftwareDeployment?>> Find =
        EF.CompileAsyncQuery((DeploymentsDbContext context, string projectId, Guid id, CancellationToken _) =>
            context.SoftwareDeployments.AsNoTracking().SingleOrDefault(deployment =>
                (deployment.ProjectId == projectId && deployment.Id == id)
                || (deployment.StackUserProjectId == projectId && deployment.Id == id)));

    private static readonly Func<DeploymentsDbContext, string, string, IAsyncEnumerable<SoftwareDeployment>> FindByKey =
        EF.CompileAsyncQuery((DeploymentsDbContext context, string projectId, string key) =>
            context.SoftwareDeployments.AsNoTracking()
                .Where(deployment => deployment.ProjectId == projectId
                    && EF.Property<string?>(deployment, SoftwareDeploymentConfiguration.IdempotencyKeyText) == key)
                .OrderBy(deployment => EF.Property<int?>(deployment, SoftwareDeploymentConfiguration.IdempotencyIndex))
                .AsQueryable());

    public async Task<AddOutcome> AddAsync(
        IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken)
    {
        if (deployments is not [var single] || references.RequireExisting)
        {
            return await database.RunAsync(
                attempt => AddTogetherAsync(attempt, deployments, caller, references), cancellationToken);
        }

        // All turns together within the time of one.
        var started = Stopwatch.GetTimestamp();
        var storing = writer.AddAsync(single, caller, cancellationToken);
        while (!await storing && single.IdempotencyKey is not null)
        {
            var outcome = await database.RunAsync(
                attempt => FindCreatedAsync(attempt.Context, single, attempt.Token), LeftSince(started), cancellationToken);
            if (outcome is not null)
            {
                return outcome;
            }

            storing = AddInTimeAsync(single, caller, LeftSince(started), cancellationToken);
        }

        return AddOutcome.Stored;
    }

    public Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
        database.RunAsync(attempt => Find(attempt.Context, projectId, id, attempt.Token), cancellationToken);

    public Task<Chunk<SoftwareDeployment>> ListAsync(
        DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken) =>
        database.RunAsync(
            async attempt =>
            {
                var deployments = new List<SoftwareDeployment>();
                var length = 0L;
                await foreach (var deployment in Matching(attempt.Context, filter, after, count)
                    .AsAsyncEnumerable().WithCancellation(attempt.Token))
                {
                    // What is not taken is skipped unread, and asked for again.
                    if (length > LargestChunkLength)
                    {
                        return new Chunk<SoftwareDeployment>(deployments, IsTruncated: true);
                    }

                    deployments.Add(deployment);
                    length += JsonColumn.LengthOf(deployment.InputValues) + JsonColumn.LengthOf(deployment.OutputValues);
                }

                return new Chunk<SoftwareDeployment>(deployments, IsTruncated: false);
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

    public Task<UpdateOutcome> UpdateAsync(
        SoftwareDeployment deployment, Caller caller, bool configMustBeKnown, CancellationToken cancellationToken) =>
        database.RunAsync(
            async attempt =>
            {
                var (context, repeated, token) = attempt;
                if (!configMustBeKnown)
                {
                    return await UpdateAsync(context, deployment, caller, repeated, token);
                }

                await using var transaction = await context.Database.BeginTransactionAsync(token);
                var unknown = await LockExistingConfigsAsync(context, deployment.ProjectId, new HashSet<string> { deployment.ConfigId }, token);
                if (unknown.Count > 0)
                {
                    return UpdateOutcome.MissingConfig;
                }

                var outcome = await UpdateAsync(context, deployment, caller, repeated, token);
                await transaction.CommitAsync(token);
                return outcome;
            },
            cancellationToken);

    public Task<bool> DeleteAsync(SoftwareDeployment deployment, bool onlyThisVersion, CancellationToken cancellationToken) =>
        database.RunAsync(
            async attempt =>
            {
                var (context, repeated, token) = attempt;
                await using var transaction = await context.Database.BeginTransactionAsync(token);

                var rows = context.SoftwareDeployments.Where(row => row.ProjectId == deployment.ProjectId && row.Id == deployment.Id);
                if (onlyThisVersion)
                {
                    rows = rows.Where(row => row.Version == deployment.Version);
                }

                if (await rows.ExecuteDeleteAsync(token) == 0)
                {
                    // After a failed attempt a row that is gone is one that this request deleted; one that is there has changed.
                    return repeated && !await context.SoftwareDeployments
                        .AnyAsync(row => row.ProjectId == deployment.ProjectId && row.Id == deployment.Id, token);
                }

                // A statement of its own, so that it sees the events of a change that the first one had to wait for.
                await context.DeploymentEvents
                    .Where(entry => entry.ProjectId == deployment.ProjectId && entry.DeploymentId == deployment.Id)
                    .ExecuteDeleteAsync(token);
                await transaction.CommitAsync(token);
                return true;
            },
            cancellationToken);

    public Task<IReadOnlyList<DeploymentEvent>> ListEventsAsync(SoftwareDeployment deployment, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<DeploymentEvent>>(
            async attempt => await attempt.Context.DeploymentEvents.AsNoTracking()
                .Where(entry => entry.ProjectId == deployment.ProjectId && entry.DeploymentId == deployment.Id)
                .OrderBy(entry => entry.Version)
                .ToListAsync(attempt.Token),
            cancellationToken);

    // LIMIT 1 changes no result: it keeps the planner to one look at the primary key for each deployment.
    public Task<IReadOnlyList<ConfigKey>> ListServerConfigsAsync(
        string projectId, string serverId, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<ConfigKey>>(
            async attempt => await attempt.Context.Database
                .SqlQuery<ConfigKey>(
                    $"""
                    SELECT config.project_id, config.id
                    FROM (
                        SELECT project_id, id, config_id FROM software_deployments
                        WHERE project_id = {projectId} AND server_id = {serverId}
                        UNION ALL
                        SELECT project_id, id, config_id FROM software_deployments
                        WHERE stack_user_project_id = {projectId} AND project_id <> {projectId} AND server_id = {serverId}
                    ) AS deployment
                    CROSS JOIN LATERAL (
                        SELECT project_id, id, name FROM software_configs
                        WHERE project_id = deployment.project_id
                            AND id = CASE WHEN deployment.config_id ~ {CanonicalUuid.Pattern} THEN deployment.config_id::uuid END
                        LIMIT 1
                    ) AS config
                    ORDER BY config.name COLLATE "C" NULLS FIRST, deployment.id
                    """)
                .ToListAsync(attempt.Token),
            cancellationToken);

    private static IQueryable<SoftwareDeployment> Matching(DeploymentsDbContext context, DeploymentFilter filter, Guid? after, int count)
    {
        var projectId = filter.ProjectId;
        var all = context.SoftwareDeployments.AsNoTracking();

        // Two index scans in order, merged: an OR of both would be neither.
        var own = Page(all.Where(deployment => deployment.ProjectId == projectId), filter, after, count);
        var shared = Page(
            all.Where(deployment => deployment.StackUserProjectId == projectId && deployment.ProjectId != projectId),
            filter,
            after,
            count);
        return own.Concat(shared).OrderBy(deployment => deployment.Id).Take(count);
    }

    private static IQueryable<SoftwareDeployment> Page(
        IQueryable<SoftwareDeployment> deployments, DeploymentFilter filter, Guid? after, int count)
    {
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
            deployments = deployments.Where(deployment => deployment.Id > marker);
        }

        return deployments.OrderBy(deployment => deployment.Id).Take(count);
    }

    private static TimeSpan LeftSince(long started) => DatabaseExecutor.Timeout - Stopwatch.GetElapsedTime(started);

    private async Task<bool> AddInTimeAsync(SoftwareDeployment deployment, Caller caller, TimeSpan left, CancellationToken cancellationToken)
    {
        try
        {
            return left > TimeSpan.Zero
                ? await writer.AddAsync(deployment, caller, cancellationToken).WaitAsync(left, cancellationToken)
                : throw new UnavailableException();
        }
        catch (TimeoutException timeout)
        {
            throw new UnavailableException(timeout);
        }
    }

    private static async Task<AddOutcome> AddTogetherAsync(
        DatabaseExecutor.Attempt attempt,
        IReadOnlyList<SoftwareDeployment> deployments,
        Caller caller,
        ConfigReferences references)
    {
        var (context, _, token) = attempt;
        await using var insert = new InsertDeploymentsCommand();
        while (true)
        {
            // What a request created with its key is its answer, whatever has become of the configurations since.
            if (deployments[0].IdempotencyKey is not null && await FindCreatedAsync(context, deployments[0], token) is { } outcome)
            {
                return outcome;
            }

            await using var transaction = await context.Database.BeginTransactionAsync(token);
            if (references.RequireExisting)
            {
                var configIds = deployments.Select(deployment => deployment.ConfigId).ToHashSet();
                var unknown = await LockExistingConfigsAsync(context, caller.ProjectId, configIds, token);
                if (unknown.Count > 0)
                {
                    return new AddOutcome { MissingConfigIds = unknown };
                }
            }

            foreach (var deployment in deployments)
            {
                insert.Add(new DeploymentRow(deployment, caller));
            }

            var there = await insert.StoreAsync((NpgsqlConnection)context.Database.GetDbConnection(), token);
            if (there.Count == 0 || deployments[0].IdempotencyKey is null)
            {
                await transaction.CommitAsync(token);
                return AddOutcome.Stored;
            }
        }
    }

    /// <summary>What was created with the deployment's idempotency key; null when that is gone, or never was.</summary>
    private static async Task<AddOutcome?> FindCreatedAsync(
        DeploymentsDbContext context, SoftwareDeployment deployment, CancellationToken cancellationToken)
    {
        var earlier = new List<SoftwareDeployment>();
        await foreach (var one in FindByKey(context, deployment.ProjectId, deployment.IdempotencyKey!.Key).WithCancellation(cancellationToken))
        {
            earlier.Add(one);
        }

        return earlier.Count == 0 ? null
            : earlier.Exists(one => one.Id == deployment.Id) ? AddOutcome.Stored
            : new AddOutcome { Existing = earlier };
    }

    private static async Task<UpdateOutcome> UpdateAsync(
        DeploymentsDbContext context, SoftwareDeployment deployment, Caller caller, bool repeated, CancellationToken cancellationToken)
    {
        var stored = await context.Database.ExecuteSqlAsync(
            $"""
            WITH changed AS (
                UPDATE software_deployments SET
                    config_id = {deployment.ConfigId},
                    action = {deployment.Action},
                    input_values = {JsonColumn.Write(deployment.InputValues)}::json,
                    output_values = {JsonColumn.Write(deployment.OutputValues)}::json,
                    status = {deployment.Status.ToName()},
                    status_reason = {deployment.StatusReason},
                    timeout = {deployment.Timeout},
                    deadline = {deployment.Deadline},
                    updated_time = {deployment.UpdatedTime},
                    version = {deployment.Version}
                WHERE project_id = {deployment.ProjectId} AND id = {deployment.Id} AND version = {deployment.Version - 1}
                RETURNING project_id, id, version, updated_time, action, status, status_reason)
            INSERT INTO deployment_events (
                project_id, deployment_id, version, time, action, status, status_reason, actor, request_id)
            SELECT project_id, id, version, updated_time, action, status, status_reason, {caller.Actor}, {caller.RequestId}
            FROM changed
            """,
            cancellationToken);
        if (stored > 0)
        {
            return UpdateOutcome.Saved;
        }

        // After a failed attempt the version may be this request's own: its event says so.
        return repeated && await context.DeploymentEvents.AnyAsync(
            entry => entry.ProjectId == deployment.ProjectId && entry.DeploymentId == deployment.Id && entry.Version == deployment.Version
                && entry.RequestId == caller.RequestId && entry.Actor == caller.Actor,
            cancellationToken)
            ? UpdateOutcome.Saved
            : UpdateOutcome.VersionConflict;
    }

    /// <summary>Which of the ids name no configuration of the project. The others cannot be deleted before the transaction ends.</summary>
    private static async Task<IReadOnlySet<string>> LockExistingConfigsAsync(
        DeploymentsDbContext context, string projectId, IReadOnlySet<string> configIds, CancellationToken cancellationToken)
    {
        var ids = configIds
            .Select(CanonicalUuid.Parse)
            .OfType<Guid>()
            .ToArray();
        var known = await context.Database
            .SqlQuery<Guid>(
                $"SELECT id FROM software_configs WHERE project_id = {projectId} AND id = ANY ({ids}) ORDER BY id FOR KEY SHARE")
            .ToListAsync(cancellationToken);

        return configIds.Except(known.Select(id => id.ToString())).ToHashSet();
    }
}
