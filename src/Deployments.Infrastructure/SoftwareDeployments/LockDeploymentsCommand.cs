using System.Text.Json;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// The statement that locks any number of deployments until the transaction ends, and reads them. It waits for no lock: a row that another
/// transaction has locked is reported as such. Can be used repeatedly, by one caller at a time.
/// </summary>
internal sealed class LockDeploymentsCommand : IAsyncDisposable
{
    private const int MaxReadLength = 8 * 1024 * 1024;

    private readonly NpgsqlCommand command = new();
    private readonly RowParameters<(int Number, string ProjectId, Guid Id)> rows;
    private int count;

    public LockDeploymentsCommand()
    {
        rows = new(command);
        rows.AddColumn("number", NpgsqlDbType.Integer, row => row.Number);
        rows.AddColumn("project_id", NpgsqlDbType.Text, row => row.ProjectId);
        rows.AddColumn("id", NpgsqlDbType.Uuid, row => row.Id);

        // LIMIT 1 changes no result: it makes the planner look up each row by its key, in the order of the rows. A deployment is shared with
        // the same project as long as it exists.
        command.CommandText =
            $"""
            SELECT number, is_read, project_id, id, config_id, server_id, action, status, status_reason, stack_user_project_id,
                creation_time, updated_time, timeout, deadline, run_id, run_deadline, idempotency_key, idempotency_index, request_hash, version, xact,
                CASE WHEN is_read THEN input_values END, CASE WHEN is_read THEN output_values END
            FROM (
                SELECT *, count(*) OVER () = 1 OR sum(
                    COALESCE(octet_length(input_values::text), 0) + COALESCE(octet_length(output_values::text), 0)
                    + COALESCE(octet_length(status_reason), 0)) OVER () <= {MaxReadLength} AS is_read
                FROM (
                    SELECT input.number, deployment.*
                    FROM {rows.Relation}
                    CROSS JOIN LATERAL (
                        SELECT project_id, id FROM software_deployments
                        WHERE project_id = input.project_id AND id = input.id
                        UNION ALL
                        SELECT shared.project_id, shared.id
                        FROM project_shares AS share
                        JOIN software_deployments AS shared ON shared.project_id = share.owner_project_id
                        WHERE share.project_id = input.project_id AND shared.id = input.id AND shared.stack_user_project_id = input.project_id
                        LIMIT 1)
                    AS existing
                    LEFT JOIN LATERAL (
                        SELECT * FROM software_deployments
                        WHERE project_id = existing.project_id AND id = existing.id
                        LIMIT 1
                        FOR UPDATE SKIP LOCKED)
                    AS deployment ON true)
                AS locked)
            AS sized
            """;
    }

    public bool IsPrepared => command.IsPrepared;

    public async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        command.Connection = connection;
        await command.PrepareAsync(cancellationToken);
    }

    /// <returns>The row's number.</returns>
    public int Add(string projectId, Guid id)
    {
        rows.Add((count, projectId, id));
        return count++;
    }

    /// <summary>Locks the added rows, as far as the projects see them, in the order in which they were added.</summary>
    /// <returns>
    /// By its number each row that exists: locked and read, or null if another transaction has locked it.
    /// </returns>
    /// <exception cref="GroupTooLargeException">The rows are several, and too large to be read together.</exception>
    public async Task<IReadOnlyDictionary<int, LockedDeployment?>> ExecuteAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = new Dictionary<int, LockedDeployment?>(count);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                if (!reader.GetBoolean(Column.IsRead))
                {
                    throw new GroupTooLargeException();
                }

                found.Add(
                    reader.GetInt32(Column.Number),
                    reader.IsDBNull(Column.Id) ? null : new LockedDeployment(Read(reader), reader.GetFieldValue<ulong>(Column.Xact)));
            }

            return found;
        }
        finally
        {
            rows.Clear();
            count = 0;
        }
    }

    public ValueTask DisposeAsync() => command.DisposeAsync();

    // By hand, because Entity Framework takes several times as long for a single row.
    private static SoftwareDeployment Read(NpgsqlDataReader row) => SoftwareDeployment.Restore(
        row.GetGuid(Column.Id),
        row.GetString(Column.ProjectId),
        row.GetString(Column.ConfigId),
        row.GetString(Column.ServerId),
        DeploymentStatusNames.Parse(row.GetString(Column.Status))!.Value,
        row.GetStringOrNull(Column.StatusReason),
        row.GetStringOrNull(Column.Action),
        Json(row, Column.InputValues),
        Json(row, Column.OutputValues),
        row.GetStringOrNull(Column.StackUserProjectId),
        row.GetFieldValue<DateTimeOffset>(Column.CreationTime),
        row.GetTimeOrNull(Column.UpdatedTime),
        row.IsDBNull(Column.Timeout) ? null : row.GetInt32(Column.Timeout),
        row.GetTimeOrNull(Column.Deadline),
        row.IsDBNull(Column.RunId) ? null : row.GetGuid(Column.RunId),
        row.GetTimeOrNull(Column.RunDeadline),
        row.IsDBNull(Column.IdempotencyKey)
            ? null
            : new IdempotencyKey(row.GetString(Column.IdempotencyKey), row.GetInt32(Column.IdempotencyIndex), row.GetFieldValue<byte[]>(Column.RequestHash)),
        row.GetInt32(Column.Version));

    private static IReadOnlyDictionary<string, JsonElement>? Json(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : JsonColumn.Read<IReadOnlyDictionary<string, JsonElement>>(row.GetString(column));

    private static class Column
    {
        public const int Number = 0;
        public const int IsRead = 1;
        public const int ProjectId = 2;
        public const int Id = 3;
        public const int ConfigId = 4;
        public const int ServerId = 5;
        public const int Action = 6;
        public const int Status = 7;
        public const int StatusReason = 8;
        public const int StackUserProjectId = 9;
        public const int CreationTime = 10;
        public const int UpdatedTime = 11;
        public const int Timeout = 12;
        public const int Deadline = 13;
        public const int RunId = 14;
        public const int RunDeadline = 15;
        public const int IdempotencyKey = 16;
        public const int IdempotencyIndex = 17;
        public const int RequestHash = 18;
        public const int Version = 19;
        public const int Xact = 20;
        public const int InputValues = 21;
        public const int OutputValues = 22;
    }
}
