using System.Data;
using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareDeployments;

internal sealed class DeploymentCommands(
    DatabaseExecutor database,
    GroupCommitWriter<PendingInsert> inserts,
    GroupCommitWriter<PendingChange> changes,
    ChangeSignal signal,
    IOptions<TimeBudgets> budgets,
    TimeProvider clock) : IDeploymentCommands
{
    private static readonly Func<DeploymentsDbContext, string, string, IAsyncEnumerable<ExistingDeployment>> FindByKey =
        EF.CompileAsyncQuery((DeploymentsDbContext context, string projectId, string key) =>
            context.SoftwareDeployments
                .Where(deployment => deployment.ProjectId == projectId
                    && EF.Property<string?>(deployment, SoftwareDeploymentConfiguration.IdempotencyKeyText) == key)
                .OrderBy(deployment => EF.Property<int?>(deployment, SoftwareDeploymentConfiguration.IdempotencyIndex))
                .Select(deployment => new ExistingDeployment(
                    deployment.Id, EF.Property<byte[]?>(deployment, SoftwareDeploymentConfiguration.RequestHash)!)));

    private static readonly string DeleteWithEvent = DeletionStatement.Create("project_id = @project_id AND id = @id");

    public async Task<AddOutcome> AddAsync(
        IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken)
    {
        if (deployments is not [var single] || references.RequireExisting)
        {
            var added = await database.RunAsync(
                attempt => AddTogetherAsync(attempt, deployments, caller, references), cancellationToken);
            if (added == AddOutcome.Stored)
            {
                signal.Created(deployments);
            }

            return added;
        }

        // The row with the key may be deleted before it is found: then the key is free again.
        while (!await InsertAsync(single, caller, cancellationToken) && single.IdempotencyKey is not null)
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
        var pending = new PendingChange(id, change, caller, references, clock.GetTimestamp());
        changes.Add(caller.ProjectId, pending, PendingChange.Length);
        return await pending.WaitAsync(budgets.Value.Stop, clock, cancellationToken);
    }

    public async Task<bool> DeleteAsync(Caller caller, Guid id, Action<SoftwareDeployment> check, CancellationToken cancellationToken)
    {
        SoftwareDeployment? found = null;
        return await database.RunAsync(
            async attempt =>
            {
                var (context, _, token) = attempt;
                await using var transaction = await BeginAsync(context, token);
                var deployment = await context.LockDeploymentAsync(caller.ProjectId, id, token);
                if (deployment is null)
                {
                    if (found is not null)
                    {
                        signal.Changed(found);
                    }

                    return found is not null; // by an earlier attempt
                }

                check(deployment);
                found = deployment;
                await using var delete = new NpgsqlCommand(DeleteWithEvent, (NpgsqlConnection)context.Database.GetDbConnection());
                delete.Parameters.AddWithValue("project_id", deployment.ProjectId);
                delete.Parameters.AddWithValue("id", deployment.Id);
                delete.Parameters.AddWithValue("time", clock.GetUtcNow());
                delete.Parameters.AddWithValue("actor", caller.Actor);
                delete.Parameters.AddWithValue("request_id", caller.RequestId);
                await delete.ExecuteNonQueryAsync(token);
                await transaction.CommitAsync(token);
                signal.Changed(deployment);
                return true;
            },
            cancellationToken);
    }

    /// <returns>False when it existed already, by its id or its idempotency key.</returns>
    private async Task<bool> InsertAsync(SoftwareDeployment deployment, Caller caller, CancellationToken cancellationToken)
    {
        var pending = new PendingInsert(new DeploymentRow(deployment, caller), clock.GetTimestamp());
        inserts.Add(deployment.ProjectId, pending, pending.Row.Length);
        return await pending.WaitAsync(cancellationToken);
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

    // Explicit, because the database's own default may be another.
    private static Task<IDbContextTransaction> BeginAsync(DeploymentsDbContext context, CancellationToken cancellationToken) =>
        context.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
}
