using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// The statement that stores any number of new deployments with the first event of each: one round trip, and one commit. Existing rows,
/// by their id or their idempotency key, are left as they are and get no second event. The projects that new deployments are shared with
/// are stored too. Can be used repeatedly, by one caller at a time.
/// </summary>
internal sealed class InsertDeploymentsCommand : IAsyncDisposable
{
    private const int MaxStoredShares = 100_000; // about 20 MB

    private static readonly IReadOnlySet<Guid> None = new HashSet<Guid>();

    // In one order for all, so that two statements that store the same pairs cannot deadlock.
    private static readonly IComparer<ProjectShare> ByProjects = Comparer<ProjectShare>.Create(static (left, right) =>
        string.CompareOrdinal(left.ProjectId, right.ProjectId) is not 0 and var order
            ? order
            : string.CompareOrdinal(left.OwnerProjectId, right.OwnerProjectId));

    private readonly NpgsqlCommand command = new();
    private readonly HashSet<ProjectShare> storedShares = [];
    private readonly SortedSet<ProjectShare> newShares = new(ByProjects);
    private readonly RowParameters<DeploymentRow> rows;
    private readonly RowParameters<ProjectShare> shares;
    private GroupConnection? ownedConnection;

    public InsertDeploymentsCommand()
    {
        rows = new RowParameters<DeploymentRow>(command);
        rows.AddColumn("project_id", NpgsqlDbType.Text, row => row.Deployment.ProjectId);
        rows.AddColumn("id", NpgsqlDbType.Uuid, row => row.Deployment.Id);
        rows.AddColumn("config_id", NpgsqlDbType.Text, row => row.Deployment.ConfigId);
        rows.AddColumn("server_id", NpgsqlDbType.Text, row => row.Deployment.ServerId);
        rows.AddColumn("action", NpgsqlDbType.Text, row => row.Deployment.Action);
        rows.AddColumn("input_values", NpgsqlDbType.Json, row => row.InputValues);
        rows.AddColumn("status", NpgsqlDbType.Text, row => row.Deployment.Status.ToName());
        rows.AddColumn("status_reason", NpgsqlDbType.Text, row => row.Deployment.StatusReason);
        rows.AddColumn("stack_user_project_id", NpgsqlDbType.Text, row => row.Deployment.StackUserProjectId);
        rows.AddColumn("creation_time", NpgsqlDbType.TimestampTz, row => row.Deployment.CreationTime.UtcDateTime);
        rows.AddColumn("timeout", NpgsqlDbType.Integer, row => row.Deployment.Timeout);
        rows.AddColumn("deadline", NpgsqlDbType.TimestampTz, row => row.Deployment.Deadline?.UtcDateTime);
        rows.AddColumn("idempotency_key", NpgsqlDbType.Text, row => row.Deployment.IdempotencyKey?.Key);
        rows.AddColumn("idempotency_index", NpgsqlDbType.Integer, row => row.Deployment.IdempotencyKey?.Index);
        rows.AddColumn("request_hash", NpgsqlDbType.Bytea, row => row.Deployment.IdempotencyKey?.RequestHash);
        rows.AddColumn("version", NpgsqlDbType.Integer, row => row.Deployment.Version);
        var columns = rows.Names;
        rows.AddColumn("actor", NpgsqlDbType.Text, row => row.Caller.Actor);
        rows.AddColumn("request_id", NpgsqlDbType.Text, row => row.Caller.RequestId);
        shares = new RowParameters<ProjectShare>(command);
        shares.AddColumn("receiver", NpgsqlDbType.Text, share => share.ProjectId);
        shares.AddColumn("owner", NpgsqlDbType.Text, share => share.OwnerProjectId);

        // LIMIT 1 changes no result: it makes the planner use one index lookup for each row, in the order of the rows. The lookup finds the
        // rest of a batch whose first deployment was deleted; every other existing row is found by ON CONFLICT.
        command.CommandText =
            $"""
            WITH input AS (SELECT * FROM {rows.Relation}),
            inserted AS (
                INSERT INTO software_deployments ({columns})
                SELECT {columns}
                FROM input
                CROSS JOIN LATERAL (
                    SELECT count(*) AS number FROM (
                        SELECT FROM software_deployments AS earlier
                        WHERE earlier.project_id = input.project_id AND earlier.idempotency_key = input.idempotency_key
                        LIMIT 1)
                    AS first)
                AS earlier
                WHERE earlier.number = 0
                ON CONFLICT DO NOTHING
                RETURNING project_id, id, xact),
            inserted_events AS (
                {EventLog.Insert("(SELECT *, creation_time AS time, false AS deleted FROM input JOIN inserted USING (project_id, id)) AS change")}),
            inserted_shares AS (
                INSERT INTO project_shares (project_id, owner_project_id)
                SELECT {shares.Names} FROM {shares.Relation}
                ON CONFLICT DO NOTHING)
            SELECT id FROM input WHERE NOT EXISTS (SELECT FROM inserted WHERE inserted.id = input.id)
            """;
    }

    /// <summary>Whether its own connection can be used again.</summary>
    public bool IsUsable => ownedConnection?.IsUsable == true;

    /// <summary>Whether the rows were sent over its own connection; before that nothing can have been stored.</summary>
    public bool IsSent { get; private set; }

    public void Add(DeploymentRow row)
    {
        rows.Add(row);
        if (row.Deployment is { StackUserProjectId: { } receiver, ProjectId: var owner } && receiver != owner
            && new ProjectShare(receiver, owner) is var share && !storedShares.Contains(share))
        {
            newShares.Add(share);
        }
    }

    /// <summary>Stores the added rows over a connection that it keeps.</summary>
    /// <param name="connections">Where it takes the connection from.</param>
    /// <param name="cancellationToken">Ends the preparation; once the rows are sent, nothing does.</param>
    /// <returns>The ids of the rows that existed already.</returns>
    public async Task<IReadOnlySet<Guid>> StoreAsync(GroupConnections connections, CancellationToken cancellationToken)
    {
        IsSent = false;
        if (ownedConnection is null)
        {
            ownedConnection = await connections.OpenAsync(cancellationToken);
            await ownedConnection.AddAsync(command, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();

        IsSent = true;
        ProjectShare[] sent = [.. newShares];
        var existing = await ownedConnection.RunAsync(() => ExecuteAsync(CancellationToken.None), CancellationToken.None);
        if (ownedConnection.KeepsSession)
        {
            RememberShares(sent);
        }

        return existing;
    }

    /// <summary>Stores the added rows as part of the given connection's transaction.</summary>
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

    // They are never deleted, but lost with the database: so they are remembered no longer than the connection that stored them is open, and
    // not at all where that may outlive the server.
    private void RememberShares(ProjectShare[] stored)
    {
        if (storedShares.Count > MaxStoredShares)
        {
            storedShares.Clear();
        }

        storedShares.UnionWith(stored);
    }

    private async Task<IReadOnlySet<Guid>> ExecuteAsync(CancellationToken cancellationToken)
    {
        foreach (var share in newShares)
        {
            shares.Add(share);
        }

        try
        {
            HashSet<Guid>? existing = null;
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                (existing ??= []).Add(reader.GetGuid(0));
            }

            // The commit is confirmed only after the last row.
            await reader.NextResultAsync(cancellationToken);
            return existing ?? None;
        }
        finally
        {
            rows.Clear();
            shares.Clear();
            newShares.Clear();
        }
    }
}
