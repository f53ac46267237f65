using System.Data;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Batching;
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
    GroupCommitWriter writer,
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

    private static readonly string DeleteWithEvent =
        $"""
        WITH deleted_row AS (
            DELETE FROM software_deployments AS deployment WHERE project_id = @project_id AND id = @id
            RETURNING project_id, id, version + 1 AS version, action, status, status_reason, server_id, config_id, stack_user_project_id,
                {EventLog.Xact("deployment")} AS xact),
        completed AS (
            {EventLog.Complete("deleted_row")})
        {EventLog.Insert("(SELECT *, @time AS time, true AS deleted, @actor AS actor, @request_id AS request_id FROM deleted_row) AS change")}
        """;

    // Requests that change the same deployment wait here, instead of each holding a connection.
    private readonly KeyedQueue<Guid> changes = new();
    private readonly PendingChanges pending = new();

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
        var own = new PendingChange(change, caller, references);
        pending.Add(id, own);
        try
        {
            // Whoever has the turn stores what waits for the same row with its own change: those find themselves done when their turn comes.
            using var turn = await changes.EnterAsync(id, cancellationToken);
            if (!own.Completion.IsCompleted)
            {
                await StoreAsync(id, own, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!pending.Remove(id, own))
        {
            // Somebody is storing it: the response waits for that, so that nothing is stored behind it.
            try
            {
                return await own.Completion.WaitAsync(budgets.Value.Stop, clock, CancellationToken.None);
            }
            catch (TimeoutException timeout)
            {
                throw new UnavailableException(timeout);
            }
        }

        return await own.Completion;
    }

    public async Task<bool> DeleteAsync(Caller caller, Guid id, Action<SoftwareDeployment> check, CancellationToken cancellationToken)
    {
        using var turn = await changes.EnterAsync(id, cancellationToken);
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

    /// <summary>Stores a change and, in the same transaction, those that wait for the same row.</summary>
    private async Task StoreAsync(Guid id, PendingChange own, CancellationToken cancellationToken)
    {
        while (true)
        {
            var group = pending.Take(id, own);
            try
            {
                await database.RunAsync(attempt => StoreAsync(attempt, id, group), cancellationToken);
                return;
            }
            catch (Exception) when (group.Count > 1 && !cancellationToken.IsCancellationRequested)
            {
                // One of them may be at fault: each is stored for itself.
                group.ForEach(change => change.IsAlone = true);
                pending.Return(id, group);
            }
            catch (Exception exception)
            {
                pending.Return(id, group.Where(change => change != own));
                own.Fail(exception);
                return;
            }
        }
    }

    private async Task<bool> StoreAsync(DatabaseExecutor.Attempt attempt, Guid id, List<PendingChange> group)
    {
        var (context, _, token) = attempt;
        await using var transaction = await BeginAsync(context, token);
        await using var update = new UpdateDeploymentsCommand();
        var outcomes = new List<(PendingChange Change, Action Complete)>();
        var visible = new Dictionary<string, SoftwareDeployment?>();
        SoftwareDeployment? current = null;
        DeploymentValues stored = default;
        foreach (var change in group)
        {
            // The callers may be of the project that owns it and of the one that it is shared with.
            if (!visible.TryGetValue(change.Caller.ProjectId, out var seen))
            {
                visible.Add(change.Caller.ProjectId, seen = await context.LockDeploymentAsync(change.Caller.ProjectId, id, token));
                if (current is null && seen is not null)
                {
                    (current, stored) = (seen, DeploymentValues.Of(seen));
                }
            }

            outcomes.Add((change, seen is null || current is null
                ? () => change.Succeed(new ChangeOutcome(Deployment: null))
                : await ApplyAsync(change)));
        }

        if (update.HasRows)
        {
            await update.ExecuteAsync((NpgsqlConnection)context.Database.GetDbConnection(), token);
            await transaction.CommitAsync(token);
        }

        if (current is not null && group.Exists(change => change.StoredVersion is not null))
        {
            signal.Changed(current);
        }

        outcomes.ForEach(outcome => outcome.Complete());
        return true;

        async Task<Action> ApplyAsync(PendingChange change)
        {
            // After a failed attempt the change may be stored: its event says so.
            if (change.StoredVersion is { } version && await IsStoredByAsync(context, current, version, change.Caller, token))
            {
                var found = current;
                return () => change.Succeed(new ChangeOutcome(found));
            }

            var next = current.Copy();
            try
            {
                if (!change.Change(next))
                {
                    return () => change.Succeed(new ChangeOutcome(next));
                }
            }
            catch (Exception refusal)
            {
                return () => change.Fail(refusal);
            }

            if (change.References.RequireExisting
                && next.ConfigId != current.ConfigId
                && (await context.LockExistingConfigsAsync(next.ProjectId, new HashSet<string> { next.ConfigId }, token)).Count > 0)
            {
                return () => change.Succeed(new ChangeOutcome(next, IsConfigMissing: true));
            }

            current = next;
            change.StoredVersion = next.Version;
            update.Add(next, stored, change.Caller);
            return () => change.Succeed(new ChangeOutcome(next));
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
