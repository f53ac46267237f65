using Deployments.Application;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Persistence.Configurations;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.Persistence;

/// <summary>
/// The statement that stores any number of new deployments with the first event of each: one round trip, all or none. Rows that
/// are there already are left alone, and get no second event.
/// </summary>
internal static class DeploymentInsert
{
    public const string Sql =
        """
        WITH input AS (
            SELECT * FROM unnest(
                @project_ids, @ids, @config_ids, @server_ids, @actions, @input_values, @statuses, @status_reasons,
                @stack_user_project_ids, @creation_times, @actors, @request_ids)
            AS input (
                project_id, id, config_id, server_id, action, input_values, status, status_reason,
                stack_user_project_id, creation_time, actor, request_id)),
        stored AS (
            INSERT INTO software_deployments (
                project_id, id, config_id, server_id, action, input_values, status, status_reason,
                stack_user_project_id, creation_time, version)
            SELECT
                project_id, id, config_id, server_id, action, input_values::json, status, status_reason,
                stack_user_project_id, creation_time, 1
            FROM input
            ON CONFLICT DO NOTHING
            RETURNING project_id, id)
        INSERT INTO deployment_events (
            project_id, deployment_id, version, time, action, status, status_reason, actor, request_id)
        SELECT project_id, id, 1, creation_time, action, status, status_reason, actor, request_id
        FROM input JOIN stored USING (project_id, id)
        """;

    public static NpgsqlParameter[] Parameters(IReadOnlyList<SoftwareDeployment> deployments, Caller caller) =>
    [
        Texts("project_ids", deployments, deployment => deployment.ProjectId),
        Column("ids", NpgsqlDbType.Uuid, deployments, deployment => deployment.Id),
        Texts("config_ids", deployments, deployment => deployment.ConfigId),
        Texts("server_ids", deployments, deployment => deployment.ServerId),
        Texts("actions", deployments, deployment => deployment.Action),
        Texts("input_values", deployments, deployment => JsonColumn.Write(deployment.InputValues)),
        Texts("statuses", deployments, deployment => deployment.Status.ToName()),
        Texts("status_reasons", deployments, deployment => deployment.StatusReason),
        Texts("stack_user_project_ids", deployments, deployment => deployment.StackUserProjectId),
        Column("creation_times", NpgsqlDbType.TimestampTz, deployments, deployment => deployment.CreationTime),
        Texts("actors", deployments, _ => caller.Actor),
        Texts("request_ids", deployments, _ => caller.RequestId),
    ];

    private static NpgsqlParameter Texts(
        string name, IReadOnlyList<SoftwareDeployment> deployments, Func<SoftwareDeployment, string?> value) =>
        Column(name, NpgsqlDbType.Text, deployments, value);

    private static NpgsqlParameter Column<T>(
        string name, NpgsqlDbType type, IReadOnlyList<SoftwareDeployment> deployments, Func<SoftwareDeployment, T> value) =>
        new(name, NpgsqlDbType.Array | type) { Value = deployments.Select(value).ToArray() };
}
