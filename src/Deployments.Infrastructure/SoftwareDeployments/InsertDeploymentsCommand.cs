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
    private static readonly IReadOnlyList<Column> DeploymentColumns =
    [
        Of("project_id", NpgsqlDbType.Text, row => row.Deployment.ProjectId),
        Of("id", NpgsqlDbType.Uuid, row => row.Deployment.Id),
        Of("config_id", NpgsqlDbType.Text, row => row.Deployment.ConfigId),
        Of("server_id", NpgsqlDbType.Text, row => row.Deployment.ServerId),
        Of("action", NpgsqlDbType.Text, row => row.Deployment.Action),
        Of("input_values", NpgsqlDbType.Text, row => row.InputValues, cast: "::json"),
        Of("status", NpgsqlDbType.Text, row => row.Deployment.Status.ToName()),
        Of("status_reason", NpgsqlDbType.Text, row => row.Deployment.StatusReason),
        Of("stack_user_project_id", NpgsqlDbType.Text, row => row.Deployment.StackUserProjectId),
        Of("creation_time", NpgsqlDbType.TimestampTz, row => row.Deployment.CreationTime.UtcDateTime),
        Of("timeout", NpgsqlDbType.Integer, row => row.Deployment.Timeout),
        Of("deadline", NpgsqlDbType.TimestampTz, row => row.Deployment.Deadline?.UtcDateTime),
        Of("idempotency_key", NpgsqlDbType.Text, row => row.Deployment.IdempotencyKey?.Key),
        Of("idempotency_index", NpgsqlDbType.Integer, row => row.Deployment.IdempotencyKey?.Index),
        Of("request_hash", NpgsqlDbType.Bytea, row => row.Deployment.IdempotencyKey?.RequestHash),
    ];

    private static readonly IReadOnlyList<Column> EventColumns =
    [
        Of("actor", NpgsqlDbType.Text, row => row.Caller.Actor),
        Of("request_id", NpgsqlDbType.Text, row => row.Caller.RequestId),
    ];

    private static readonly IReadOnlyList<Column> Columns = [.. DeploymentColumns, .. EventColumns];

    // LIMIT 1 changes no result: it keeps the planner to one look at the index for each row, in the order of the rows. The look finds
    // what is left of a batch whose first deployment is gone; all else would be a conflict.
    private static readonly string Sql =
        $"""
        WITH input AS (
            SELECT * FROM unnest({string.Join(", ", Columns.Select(column => $"@{column.Name}"))})
            AS input ({Names(Columns)})),
        stored AS (
            INSERT INTO software_deployments ({Names(DeploymentColumns)}, version)
            SELECT {string.Join(", ", DeploymentColumns.Select(column => column.Name + column.Cast))}, 1
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
        foreach (var column in Columns)
        {
            var (add, clear) = column.AddTo(command);
            addValue.Add(add);
            resets.Add(clear);
        }
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

    private static string Names(IEnumerable<Column> columns) => string.Join(", ", columns.Select(column => column.Name));

    private static Column Of<T>(string name, NpgsqlDbType type, Func<DeploymentRow, T> value, string cast = "") => new(name, cast, command =>
    {
        var values = new List<T>();
        command.Parameters.Add(new NpgsqlParameter<List<T>>(name, NpgsqlDbType.Array | type) { TypedValue = values });
        return (row => values.Add(value(row)), values.Clear);
    });

    /// <param name="Name">The column's name, and its parameter's.</param>
    /// <param name="Cast">How its values become what the table holds, where their type is another.</param>
    /// <param name="AddTo">Adds the parameter to a command; gives back how a row's value is added to it, and how it is emptied.</param>
    private sealed record Column(string Name, string Cast, Func<NpgsqlCommand, (Action<DeploymentRow> Add, Action Clear)> AddTo);
}
