using Deployments.Application.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// The statement that stores any number of changes of deployments whose rows are locked, with one event each; of several changes of one
/// deployment the row has the last. Values that are stored already are not sent again.
/// </summary>
internal sealed class UpdateDeploymentsCommand : IAsyncDisposable
{
    private readonly NpgsqlCommand command = new();
    private readonly RowParameters<ChangedRow> rows;

    public UpdateDeploymentsCommand()
    {
        rows = new RowParameters<ChangedRow>(command);
        rows.AddColumn("project_id", NpgsqlDbType.Text, row => row.Deployment.ProjectId);
        rows.AddColumn("id", NpgsqlDbType.Uuid, row => row.Deployment.Id);
        rows.AddColumn("version", NpgsqlDbType.Integer, row => row.Deployment.Version);
        rows.AddColumn("time", NpgsqlDbType.TimestampTz, row => row.Deployment.UpdatedTime!.Value.UtcDateTime);
        rows.AddColumn("config_id", NpgsqlDbType.Text, row => row.Deployment.ConfigId);
        rows.AddColumn("action", NpgsqlDbType.Text, row => row.Deployment.Action);
        rows.AddColumn("input_values", NpgsqlDbType.Text, row => row.InputValues);
        rows.AddColumn("output_values", NpgsqlDbType.Text, row => row.OutputValues);
        rows.AddColumn("status", NpgsqlDbType.Text, row => row.Deployment.Status.ToName());
        rows.AddColumn("status_reason", NpgsqlDbType.Text, row => row.Deployment.StatusReason);
        rows.AddColumn("timeout", NpgsqlDbType.Integer, row => row.Deployment.Timeout);
        rows.AddColumn("deadline", NpgsqlDbType.TimestampTz, row => row.Deployment.Deadline?.UtcDateTime);
        rows.AddColumn("actor", NpgsqlDbType.Text, row => row.Caller.Actor);
        rows.AddColumn("request_id", NpgsqlDbType.Text, row => row.Caller.RequestId);
        command.CommandText =
            $"""
            WITH input AS (SELECT * FROM {rows.Relation}),
            updated AS (
                UPDATE software_deployments AS deployment SET
                    config_id = input.config_id,
                    action = input.action,
                    input_values = COALESCE(input.input_values::json, deployment.input_values),
                    output_values = COALESCE(input.output_values::json, deployment.output_values),
                    status = input.status,
                    status_reason = input.status_reason,
                    timeout = input.timeout,
                    deadline = input.deadline,
                    updated_time = input.time,
                    version = input.version,
                    xact = {EventLog.Xact("deployment")}
                FROM (SELECT DISTINCT ON (project_id, id) * FROM input ORDER BY project_id, id, version DESC) AS input
                WHERE deployment.project_id = input.project_id AND deployment.id = input.id
                RETURNING deployment.project_id, deployment.id, deployment.server_id, deployment.stack_user_project_id, deployment.xact)
            {EventLog.Insert("(SELECT *, false AS deleted FROM input JOIN updated USING (project_id, id)) AS change")}
            """;
    }

    /// <summary>Whether there is something to store.</summary>
    public bool HasRows { get; private set; }

    /// <param name="deployment">The deployment after its change.</param>
    /// <param name="before">The values that are stored.</param>
    /// <param name="caller">Whom the event names.</param>
    public void Add(SoftwareDeployment deployment, DeploymentValues before, Caller caller)
    {
        rows.Add(new ChangedRow(deployment, before, caller));
        HasRows = true;
    }

    /// <summary>Stores the added changes in the transaction that holds the rows' locks.</summary>
    public async Task ExecuteAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        command.Connection = connection;
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        finally
        {
            rows.Clear();
            HasRows = false;
        }
    }

    public ValueTask DisposeAsync() => command.DisposeAsync();

    private sealed record ChangedRow(SoftwareDeployment Deployment, DeploymentValues Before, Caller Caller)
    {
        public string? InputValues { get; } =
            ReferenceEquals(Deployment.InputValues, Before.Input) ? null : JsonColumn.Write(Deployment.InputValues);

        public string? OutputValues { get; } =
            ReferenceEquals(Deployment.OutputValues, Before.Output) ? null : JsonColumn.Write(Deployment.OutputValues);
    }
}
