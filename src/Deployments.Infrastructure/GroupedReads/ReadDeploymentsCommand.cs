using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.SoftwareDeployments;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>
/// The statement that reads any number of deployments by their ids, over a connection that it keeps. Can be used repeatedly, by one caller at
/// a time.
/// </summary>
internal sealed class ReadDeploymentsCommand : IAsyncDisposable
{
    private readonly NpgsqlCommand command = new();
    private readonly RowParameters<(int Number, string ProjectId, Guid Id)> rows;
    private int count;

    public ReadDeploymentsCommand()
    {
        rows = new(command);
        rows.AddColumn("number", NpgsqlDbType.Integer, row => row.Number);
        rows.AddColumn("project_id", NpgsqlDbType.Text, row => row.ProjectId);
        rows.AddColumn("id", NpgsqlDbType.Uuid, row => row.Id);

        // LIMIT 1 changes no result: it makes the planner look up each row by its key, and look for a share only where that finds nothing.
        command.CommandText =
            $"""
            SELECT number, {DeploymentColumns.All}
            FROM (SELECT number, project_id AS asking, id AS asked FROM {rows.Relation}) AS request
            CROSS JOIN LATERAL (
                SELECT {DeploymentColumns.All} FROM software_deployments
                WHERE project_id = asking AND id = asked
                UNION ALL
                SELECT shared.* FROM project_shares AS share
                CROSS JOIN LATERAL (
                    SELECT {DeploymentColumns.All} FROM software_deployments
                    WHERE project_id = share.owner_project_id AND id = asked AND stack_user_project_id = asking
                ) AS shared
                WHERE share.project_id = asking
                LIMIT 1
            ) AS deployment
            """;
    }

    public async Task OpenAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        if (command.Connection is null)
        {
            command.Connection = await dataSource.OpenForGroupsAsync(cancellationToken);
            await command.PrepareAsync(cancellationToken);
        }
    }

    /// <returns>The row's number.</returns>
    public int Add(string projectId, Guid id)
    {
        rows.Add((count, projectId, id));
        return count++;
    }

    /// <summary>Reads the added rows, as far as the projects see them.</summary>
    /// <param name="found">Is given each one, with its number, as soon as it is read.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task ExecuteAsync(Action<int, SoftwareDeployment> found, CancellationToken cancellationToken)
    {
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                found(reader.GetInt32(0), DeploymentColumns.Read(reader, 1));
            }
        }
        finally
        {
            rows.Clear();
            count = 0;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (command.Connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        await command.DisposeAsync();
    }
}
