using System.Text.Json;
using Deployments.Application.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// Stores any number of changes of deployments whose rows are locked, with one event each, and commits; of several changes of one
/// deployment the row has the last. Values that are stored already are not sent again. Can be used repeatedly, by one caller at a time.
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
        rows.AddColumn("later_versions", NpgsqlDbType.Integer, row => row.LaterVersions);
        rows.AddColumn("time", NpgsqlDbType.TimestampTz, row => row.Deployment.UpdatedTime!.Value.UtcDateTime);
        rows.AddColumn("config_id", NpgsqlDbType.Text, row => row.Deployment.ConfigId);
        rows.AddColumn("server_id", NpgsqlDbType.Text, row => row.Deployment.ServerId);
        rows.AddColumn("action", NpgsqlDbType.Text, row => row.Deployment.Action);
        rows.AddColumn("input_values", NpgsqlDbType.Json, row => row.InputValues);
        rows.AddColumn("output_values", NpgsqlDbType.Json, row => row.OutputValues);
        rows.AddColumn("status", NpgsqlDbType.Text, row => row.Deployment.Status.ToName());
        rows.AddColumn("status_reason", NpgsqlDbType.Text, row => row.Deployment.StatusReason);
        rows.AddColumn("stack_user_project_id", NpgsqlDbType.Text, row => row.Deployment.StackUserProjectId);
        rows.AddColumn("timeout", NpgsqlDbType.Integer, row => row.Deployment.Timeout);
        rows.AddColumn("deadline", NpgsqlDbType.TimestampTz, row => row.Deployment.Deadline?.UtcDateTime);
        rows.AddColumn("run_id", NpgsqlDbType.Uuid, row => row.Deployment.RunId);
        rows.AddColumn("run_deadline", NpgsqlDbType.TimestampTz, row => row.Deployment.EndedRunDeadline?.UtcDateTime);
        rows.AddColumn("actor", NpgsqlDbType.Text, row => row.Caller.Actor);
        rows.AddColumn("request_id", NpgsqlDbType.Text, row => row.Caller.RequestId);
        rows.AddColumn("xact", NpgsqlDbType.Xid8, row => row.Before.Xact);

        // Nothing of the updated rows, which are locked: a join with them would cost more.
        var changes =
            $"""
            (SELECT project_id, id, version, time, action, status, status_reason, server_id, config_id, stack_user_project_id,
                {EventLog.Xact("input")} AS xact, false AS deleted, actor, request_id
            FROM input) AS change
            """;

        // The condition on later_versions also makes the planner expect few rows, and so look up each by its key, however small the table
        // was when it planned.
        command.CommandText =
            $"""
            WITH input AS (SELECT * FROM {rows.Relation}),
            updated AS (
                UPDATE software_deployments AS deployment SET
                    config_id = input.config_id,
                    action = input.action,
                    input_values = COALESCE(input.input_values, deployment.input_values),
                    output_values = COALESCE(input.output_values, deployment.output_values),
                    status = input.status,
                    status_reason = input.status_reason,
                    timeout = input.timeout,
                    deadline = input.deadline,
                    run_id = input.run_id,
                    run_deadline = input.run_deadline,
                    updated_time = input.time,
                    version = input.version,
                    xact = {EventLog.Xact("deployment")}
                FROM input
                WHERE input.later_versions = 0 AND deployment.project_id = input.project_id AND deployment.id = input.id)
            {EventLog.Insert(changes)};
            COMMIT
            """;
    }

    /// <summary>Whether there is something to store.</summary>
    public bool HasRows { get; private set; }

    /// <summary>The approximate length of the values to be stored, in characters.</summary>
    public long Length { get; private set; }

    public Task UseAsync(GroupConnection connection, CancellationToken cancellationToken) => connection.AddAsync(command, cancellationToken);

    /// <param name="deployment">The deployment after its change.</param>
    /// <param name="before">What the row has.</param>
    /// <param name="caller">Whom the event names.</param>
    /// <param name="laterVersions">How many changes of the same deployment are added after this one.</param>
    public void Add(SoftwareDeployment deployment, DeploymentValues before, Caller caller, int laterVersions)
    {
        var row = new ChangedRow(deployment, before, caller, laterVersions);
        rows.Add(row);
        HasRows = true;
        Length += (row.InputValues?.Length ?? 0) + (row.OutputValues?.Length ?? 0);
    }

    /// <summary>Stores the added changes and commits the transaction that holds the rows' locks, in one round trip.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>Forgets the added changes.</summary>
    public void Clear()
    {
        rows.Clear();
        (HasRows, Length) = (false, 0);
    }

    public ValueTask DisposeAsync() => command.DisposeAsync();

    private sealed record ChangedRow(SoftwareDeployment Deployment, DeploymentValues Before, Caller Caller, int LaterVersions)
    {
        public string? InputValues { get; } = WriteIfChanged(Deployment.InputValues, Before.Input, LaterVersions);

        public string? OutputValues { get; } = WriteIfChanged(Deployment.OutputValues, Before.Output, LaterVersions);

        // Events do not have the values, so only those of the last version are stored.
        private static string? WriteIfChanged(
            IReadOnlyDictionary<string, JsonElement>? values, IReadOnlyDictionary<string, JsonElement>? before, int laterVersions) =>
            laterVersions > 0 || ReferenceEquals(values, before) ? null : JsonColumn.Write(values);
    }
}
