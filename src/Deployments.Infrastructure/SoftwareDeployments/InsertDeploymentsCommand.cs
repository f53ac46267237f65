using System.Data;
using Deployments.Domain.SoftwareDeployments;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// The statement that inserts any number of deployments with the first event of each: one round trip and one commit. Deployments that
/// exist already, by id or by idempotency key, are skipped and get no second event. It can be executed many times, by one caller at a
/// time.
/// </summary>
internal sealed class InsertDeploymentsCommand : IAsyncDisposable
{
    // LIMIT 1 changes no result: it makes the planner use one index lookup for each row, in the order of the rows. The lookup finds the
    // rest of a batch whose first deployment was deleted; every other existing row is found by ON CONFLICT.
    private const string Sql =
        """
        WITH input AS (
            SELECT * FROM unnest(
                @project_ids, @ids, @config_ids, @server_ids, @actions, @input_values, @statuses, @status_reasons,
                @stack_user_project_ids, @creation_times, @timeouts, @deadlines, @idempotency_keys, @idempotency_indexes,
                @request_hashes, @actors, @request_ids)
            AS input (
                project_id, id, config_id, server_id, action, input_values, status, status_reason,
                stack_user_project_id, creation_time, timeout, deadline, idempotency_key, idempotency_index,
                request_hash, actor, request_id)),
        inserted AS (
            INSERT INTO software_deployments (
                project_id, id, config_id, server_id, action, input_values, status, status_reason,
                stack_user_project_id, creation_time, timeout, deadline, idempotency_key, idempotency_index, request_hash, version)
            SELECT
                project_id, id, config_id, server_id, action, input_values::json, status, status_reason,
                stack_user_project_id, creation_time, timeout, deadline, idempotency_key, idempotency_index, request_hash, 1
            FROM input
            LEFT JOIN LATERAL (
                SELECT true AS existing FROM software_deployments AS earlier
                WHERE earlier.project_id = input.project_id AND earlier.idempotency_key = input.idempotency_key
                LIMIT 1)
            AS earlier ON true
            WHERE existing IS NULL
            ON CONFLICT DO NOTHING
            RETURNING project_id, id),
        inserted_events AS (
            INSERT INTO deployment_events (
                project_id, deployment_id, version, time, action, status, status_reason, actor, request_id)
            SELECT project_id, id, 1, creation_time, action, status, status_reason, actor, request_id
            FROM input JOIN inserted USING (project_id, id))
        SELECT id FROM input WHERE NOT EXISTS (SELECT FROM inserted WHERE inserted.id = input.id)
        """;

    private static readonly IReadOnlySet<Guid> None = new HashSet<Guid>();

    private readonly NpgsqlCommand command = new(Sql);
    private readonly List<Action<DeploymentRow>> addValue = [];
    private readonly List<Action> resets = [];
    private NpgsqlConnection? ownedConnection;

    public InsertDeploymentsCommand()
    {
        AddColumn("project_ids", NpgsqlDbType.Text, row => row.Deployment.ProjectId);
        AddColumn("ids", NpgsqlDbType.Uuid, row => row.Deployment.Id);
        AddColumn("config_ids", NpgsqlDbType.Text, row => row.Deployment.ConfigId);
        AddColumn("server_ids", NpgsqlDbType.Text, row => row.Deployment.ServerId);
        AddColumn("actions", NpgsqlDbType.Text, row => row.Deployment.Action);
        AddColumn("input_values", NpgsqlDbType.Text, row => row.InputValues);
        AddColumn("statuses", NpgsqlDbType.Text, row => row.Deployment.Status.ToName());
        AddColumn("status_reasons", NpgsqlDbType.Text, row => row.Deployment.StatusReason);
        AddColumn("stack_user_project_ids", NpgsqlDbType.Text, row => row.Deployment.StackUserProjectId);
        AddColumn("creation_times", NpgsqlDbType.TimestampTz, row => row.Deployment.CreationTime.UtcDateTime);
        AddColumn("timeouts", NpgsqlDbType.Integer, row => row.Deployment.Timeout);
        AddColumn("deadlines", NpgsqlDbType.TimestampTz, row => row.Deployment.Deadline?.UtcDateTime);
        AddColumn("idempotency_keys", NpgsqlDbType.Text, row => row.Deployment.IdempotencyKey);
        AddColumn("idempotency_indexes", NpgsqlDbType.Integer, row => row.Deployment.IdempotencyIndex);
        AddColumn("request_hashes", NpgsqlDbType.Bytea, row => row.Deployment.RequestHash);
        AddColumn("actors", NpgsqlDbType.Text, row => row.Caller.Actor);
        AddColumn("request_ids", NpgsqlDbType.Text, row => row.Caller.RequestId);
    }

    /// <summary>Whether its own connection is open and the statement is prepared on it.</summary>
    public bool IsUsable => ownedConnection?.FullState == ConnectionState.Open && command.IsPrepared;

    public void Add(DeploymentRow row) => addValue.ForEach(column => column(row));

    /// <summary>Stores the added rows over a connection of its own, which it keeps open with the statement prepared.</summary>
    /// <returns>The ids of the rows that existed already.</returns>
    public async Task<IReadOnlySet<Guid>> StoreAsync(NpgsqlDataSource dataSource)
    {
        if (ownedConnection is null)
        {
            command.Connection = ownedConnection = await dataSource.OpenConnectionAsync();

            // The plan is the same for any number of rows, but PostgreSQL would estimate that few rows are worth a plan of their own.
            await using var planOnce = new NpgsqlCommand("SET plan_cache_mode = force_generic_plan", ownedConnection);
            await planOnce.ExecuteNonQueryAsync();
            await command.PrepareAsync();
        }

        return await ExecuteAsync(CancellationToken.None);
    }

    /// <summary>Stores the added rows on the given connection, in its transaction if it has one.</summary>
    /// <returns>The ids of the rows that existed already.</returns>
    public Task<IReadOnlySet<Guid>> StoreAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        command.Connection = connection;
        return ExecuteAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await command.DisposeAsync();
        if (ownedConnection is not null)
        {
            await ownedConnection.DisposeAsync();
        }
    }

    private async Task<IReadOnlySet<Guid>> ExecuteAsync(CancellationToken cancellationToken)
    {
        try
        {
            HashSet<Guid>? existing = null;
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                (existing ??= []).Add(reader.GetGuid(0));
            }

            // The rows arrive before the commit; only the end of the response confirms it.
            await reader.NextResultAsync(cancellationToken);
            return existing ?? None;
        }
        finally
        {
            resets.ForEach(reset => reset());
        }
    }

    private void AddColumn<T>(string name, NpgsqlDbType type, Func<DeploymentRow, T> value)
    {
        var values = new List<T>();
        command.Parameters.Add(new NpgsqlParameter<List<T>>(name, NpgsqlDbType.Array | type) { TypedValue = values });
        addValue.Add(row => values.Add(value(row)));
        resets.Add(values.Clear);
    }
}
