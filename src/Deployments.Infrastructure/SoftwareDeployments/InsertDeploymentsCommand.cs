using System.Data;
using Deployments.Domain.SoftwareDeployments;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// The statement that stores any number of new deployments with the first event of each: one round trip, and one commit. Rows that
/// are there already, by their id or their idempotency key, are left alone and get no second event. It can be used again and again,
/// by one caller at a time.
/// </summary>
internal sealed class InsertDeploymentsCommand : IAsyncDisposable
{
    // LIMIT 1 changes no result: it keeps the planner to one look at the index for each row, in the order of the rows. The look finds
    // what is left of a batch whose first deployment is gone; all else would be a conflict.
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
        stored AS (
            INSERT INTO software_deployments (
                project_id, id, config_id, server_id, action, input_values, status, status_reason,
                stack_user_project_id, creation_time, timeout, deadline, idempotency_key, idempotency_index, request_hash, version)
            SELECT
                project_id, id, config_id, server_id, action, input_values::json, status, status_reason,
                stack_user_project_id, creation_time, timeout, deadline, idempotency_key, idempotency_index, request_hash, 1
            FROM input
            LEFT JOIN LATERAL (
                SELECT true AS is_there FROM software_deployments AS earlier
                WHERE earlier.project_id = input.project_id AND earlier.idempotency_key = input.idempotency_key
                LIMIT 1)
            AS earlier ON true
            WHERE is_there IS NULL
            ON CONFLICT DO NOTHING
            RETURNING project_id, id),
        told AS (
            INSERT INTO deployment_events (
                project_id, deployment_id, version, time, action, status, status_reason, actor, request_id)
            SELECT project_id, id, 1, creation_time, action, status, status_reason, actor, request_id
            FROM input JOIN stored USING (project_id, id))
        SELECT id FROM input WHERE NOT EXISTS (SELECT FROM stored WHERE stored.id = input.id)
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
        AddColumn("idempotency_keys", NpgsqlDbType.Text, row => row.Deployment.IdempotencyKey?.Key);
        AddColumn("idempotency_indexes", NpgsqlDbType.Integer, row => row.Deployment.IdempotencyKey?.Index);
        AddColumn("request_hashes", NpgsqlDbType.Bytea, row => row.Deployment.IdempotencyKey?.RequestHash);
        AddColumn("actors", NpgsqlDbType.Text, row => row.Caller.Actor);
        AddColumn("request_ids", NpgsqlDbType.Text, row => row.Caller.RequestId);
    }

    /// <summary>Whether the connection that it keeps still stands, with the statement prepared there.</summary>
    public bool IsUsable => ownedConnection?.FullState == ConnectionState.Open && command.IsPrepared;

    public void Add(DeploymentRow row) => addValue.ForEach(column => column(row));

    /// <summary>Stores what was added, over a connection that it keeps, with the statement prepared there.</summary>
    /// <returns>The ids of the rows that were there already.</returns>
    public async Task<IReadOnlySet<Guid>> StoreAsync(NpgsqlDataSource dataSource)
    {
        if (ownedConnection is null)
        {
            command.Connection = ownedConnection = await dataSource.OpenConnectionAsync();

            // The plan is the same for any number of rows, but PostgreSQL would take a new one for few rows to be worth its making.
            await using var planOnce = new NpgsqlCommand("SET plan_cache_mode = force_generic_plan", ownedConnection);
            await planOnce.ExecuteNonQueryAsync();
            await command.PrepareAsync();
        }

        return await ExecuteAsync(CancellationToken.None);
    }

    /// <summary>Stores what was added, as part of what happens on the given connection.</summary>
    /// <returns>The ids of the rows that were there already.</returns>
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
            HashSet<Guid>? there = null;
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                (there ??= []).Add(reader.GetGuid(0));
            }

            // Only what comes after the rows tells that they are committed.
            await reader.NextResultAsync(cancellationToken);
            return there ?? None;
        }
        finally
        {
            resets.ForEach(clear => clear());
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
