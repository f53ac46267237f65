using Deployments.Infrastructure.Postgres;
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

        // LIMIT 1 changes no result: it makes the planner look up each row by its key. A deployment is shared with the same project as long as it
        // exists.
        command.CommandText =
            $"""
            SELECT number, is_read, xact, {DeploymentColumns.WithoutValues},
                CASE WHEN is_read THEN input_values END, CASE WHEN is_read THEN output_values END
            FROM (
                SELECT *, count(*) OVER () = 1 OR sum(
                    COALESCE(octet_length(input_values::text), 0) + COALESCE(octet_length(output_values::text), 0)
                    + COALESCE(octet_length(status_reason), 0)) OVER () <= {MaxReadLength} AS is_read
                FROM (
                    SELECT input.number, deployment.*
                    FROM {rows.Relation}
                    CROSS JOIN LATERAL {DeploymentColumns.VisibleTo("project_id, id")} AS existing
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

    public Task UseAsync(GroupConnection connection, CancellationToken cancellationToken) => connection.AddAsync(command, cancellationToken);

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
                    reader.IsDBNull(Column.Deployment)
                        ? null
                        : new LockedDeployment(DeploymentColumns.Read(reader, Column.Deployment), reader.GetFieldValue<ulong>(Column.Xact)));
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

    private static class Column
    {
        public const int Number = 0;
        public const int IsRead = 1;
        public const int Xact = 2;
        public const int Deployment = 3;
    }
}
