using System.Data;
using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Batching;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareDeployments;

internal sealed class DeploymentCommands(DatabaseExecutor database, GroupCommitWriter writer) : IDeploymentCommands
{
    private static readonly Func<DeploymentsDbContext, string, string, IAsyncEnumerable<ExistingDeployment>> FindByKey =
        EF.CompileAsyncQuery((DeploymentsDbContext context, string projectId, string key) =>
            context.SoftwareDeployments
                .Where(deployment => deployment.ProjectId == projectId
                    && EF.Property<string?>(deployment, SoftwareDeploymentConfiguration.IdempotencyKeyText) == key)
                .OrderBy(deployment => EF.Property<int?>(deployment, SoftwareDeploymentConfiguration.IdempotencyIndex))
                .Select(deployment => new ExistingDeployment(
                    deployment.Id, EF.Property<byte[]?>(deployment, SoftwareDeploymentConfiguration.RequestHash)!)));

    // Requests that change the same deployment wait here, instead of each holding a connection.
    private readonly KeyedQueue<Guid> changes = new();

    public async Task<AddOutcome> AddAsync(
        IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken)
    {
        if (deployments is not [var single] || references.RequireExisting)
        {
            return await database.RunAsync(
                attempt => AddTogetherAsync(attempt, deployments, caller, references), cancellationToken);
        }

        // The row with the key may be deleted before it is found: then the key is free again.
        while (!await writer.AddAsync(single, caller, cancellationToken) && single.IdempotencyKey is not null)
        {
            if (await database.RunAsync(attempt => FindCreatedAsync(attempt.Context, single, attempt.Token), cancellationToken) is { } outcome)
            {
                return outcome;
            }
        }

        return AddOutcome.Stored;
    }

    public async Task<ChangeOutcome> ChangeAsync(
        Guid id, Func<SoftwareDeployment, bool> change, Caller caller, ConfigReferences references, CancellationToken cancellationToken)
    {
        using var turn = await changes.EnterAsync(id, cancellationToken);
        await using var update = new UpdateDeploymentsCommand();
        int? storedVersion = null;
        return await database.RunAsync(
            async attempt =>
            {
                var (context, _, token) = attempt;
                await using var transaction = await BeginAsync(context, token);
                var deployment = await context.LockDeploymentAsync(caller.ProjectId, id, token);
                if (deployment is null)
                {
                    return new ChangeOutcome(Deployment: null);
                }

                // A failed attempt may have stored the change: then its event exists.
                if (storedVersion is { } version && await IsStoredByAsync(context, deployment, version, caller, token))
                {
                    return new ChangeOutcome(deployment);
                }

                var (configId, values) = (deployment.ConfigId, DeploymentValues.Of(deployment));
                if (!change(deployment))
                {
                    return new ChangeOutcome(deployment);
                }

                if (references.RequireExisting
                    && deployment.ConfigId != configId
                    && (await context.LockExistingConfigsAsync(deployment.ProjectId, new HashSet<string> { deployment.ConfigId }, token)).Count > 0)
                {
                    return new ChangeOutcome(deployment, IsConfigMissing: true);
                }

                storedVersion = deployment.Version;
                update.Add(deployment, values, caller);
                await update.ExecuteAsync((NpgsqlConnection)context.Database.GetDbConnection(), token);
                await transaction.CommitAsync(token);
                return new ChangeOutcome(deployment);
            },
            cancellationToken);
    }

    public async Task<bool> DeleteAsync(string projectId, Guid id, Action<SoftwareDeployment> check, CancellationToken cancellationToken)
    {
        using var turn = await changes.EnterAsync(id, cancellationToken);
        var mayBeDeleted = false;
        return await database.RunAsync(
            async attempt =>
            {
                var (context, _, token) = attempt;
                await using var transaction = await BeginAsync(context, token);
                var deployment = await context.LockDeploymentAsync(projectId, id, token);
                if (deployment is null)
                {
                    return mayBeDeleted; // by an earlier attempt
                }

                check(deployment);
                mayBeDeleted = true;
                await context.DeploymentEvents
                    .Where(entry => entry.ProjectId == deployment.ProjectId && entry.DeploymentId == deployment.Id)
                    .ExecuteDeleteAsync(token);
                await context.SoftwareDeployments
                    .Where(row => row.ProjectId == deployment.ProjectId && row.Id == deployment.Id)
                    .ExecuteDeleteAsync(token);
                await transaction.CommitAsync(token);
                return true;
            },
            cancellationToken);
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
            // A replay returns what the key created, even if configurations have been deleted since.
            if (deployments[0].IdempotencyKey is not null && await FindCreatedAsync(context, deployments[0], token) is { } outcome)
            {
                return outcome;
            }

            await using var transaction = await BeginAsync(context, token);
            if (references.RequireExisting)
            {
                var configIds = deployments.Select(deployment => deployment.ConfigId).ToHashSet();
                var missing = await context.LockExistingConfigsAsync(caller.ProjectId, configIds, token);
                if (missing.Count > 0)
                {
                    return new AddOutcome { MissingConfigIds = missing };
                }
            }

            foreach (var deployment in deployments)
            {
                insert.Add(new DeploymentRow(deployment, caller));
            }

            var existing = await insert.StoreAsync((NpgsqlConnection)context.Database.GetDbConnection(), token);
            if (existing.Count == 0 || deployments[0].IdempotencyKey is null)
            {
                await transaction.CommitAsync(token);
                return AddOutcome.Stored;
            }
        }
    }

    /// <summary>The deployments that were created with the deployment's idempotency key; null if none exists.</summary>
    private static async Task<AddOutcome?> FindCreatedAsync(
        DeploymentsDbContext context, SoftwareDeployment deployment, CancellationToken cancellationToken)
    {
        var existing = new List<ExistingDeployment>();
        await foreach (var one in FindByKey(context, deployment.ProjectId, deployment.IdempotencyKey!.Key).WithCancellation(cancellationToken))
        {
            existing.Add(one);
        }

        return existing.Count == 0 ? null
            : existing.Exists(one => one.Id == deployment.Id) ? AddOutcome.Stored
            : new AddOutcome { Existing = existing };
    }

    private static Task<bool> IsStoredByAsync(
        DeploymentsDbContext context, SoftwareDeployment deployment, int version, Caller caller, CancellationToken cancellationToken) =>
        context.DeploymentEvents.AnyAsync(
            entry => entry.ProjectId == deployment.ProjectId && entry.DeploymentId == deployment.Id && entry.Version == version
                && entry.RequestId == caller.RequestId && entry.Actor == caller.Actor,
            cancellationToken);

    // Explicit, because the database's own default may be another.
    private static Task<IDbContextTransaction> BeginAsync(DeploymentsDbContext context, CancellationToken cancellationToken) =>
        context.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
}
