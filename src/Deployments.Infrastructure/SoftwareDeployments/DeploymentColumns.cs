using System.Text.Json;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// The columns of a deployment in statements that are written by hand, because Entity Framework takes several times as long for a single row.
/// </summary>
internal static class DeploymentColumns
{
    /// <summary>All but the input and output values, which may be as large as a body.</summary>
    public const string WithoutValues =
        "project_id, id, config_id, server_id, action, status, status_reason, stack_user_project_id, creation_time, updated_time, timeout, "
        + "deadline, run_id, run_deadline, idempotency_key, idempotency_index, request_hash, version";

    public const string All = $"{WithoutValues}, input_values, output_values";

    /// <summary>
    /// The deployment that <c>input.project_id</c> sees under <c>input.id</c>, its own or shared with it, as a lateral relation.
    /// </summary>
    /// <param name="columns">Its columns.</param>
    /// <remarks>
    /// LIMIT 1 changes no result: it makes the planner look up each row by its key, in the order of the rows, and look for a share only where
    /// that finds nothing.
    /// </remarks>
    public static string VisibleTo(string columns) =>
        $"""
        (
            SELECT {columns} FROM software_deployments
            WHERE project_id = input.project_id AND id = input.id
            UNION ALL
            SELECT shared.* FROM project_shares AS share
            CROSS JOIN LATERAL (
                SELECT {columns} FROM software_deployments
                WHERE project_id = share.owner_project_id AND id = input.id AND stack_user_project_id = input.project_id
            ) AS shared
            WHERE share.project_id = input.project_id
            LIMIT 1
        )
        """;

    /// <summary>Reads a deployment.</summary>
    /// <param name="row">A row that has <see cref="All"/>, in that order.</param>
    /// <param name="first">The place of the first of them.</param>
    public static SoftwareDeployment Read(NpgsqlDataReader row, int first) => SoftwareDeployment.Restore(
        row.GetGuid(first + Place.Id),
        row.GetString(first + Place.ProjectId),
        row.GetString(first + Place.ConfigId),
        row.GetString(first + Place.ServerId),
        DeploymentStatusNames.Parse(row.GetString(first + Place.Status))!.Value,
        row.GetStringOrNull(first + Place.StatusReason),
        row.GetStringOrNull(first + Place.Action),
        Json(row, first + Place.InputValues),
        Json(row, first + Place.OutputValues),
        row.GetStringOrNull(first + Place.StackUserProjectId),
        row.GetFieldValue<DateTimeOffset>(first + Place.CreationTime),
        row.GetTimeOrNull(first + Place.UpdatedTime),
        row.IsDBNull(first + Place.Timeout) ? null : row.GetInt32(first + Place.Timeout),
        row.GetTimeOrNull(first + Place.Deadline),
        row.IsDBNull(first + Place.RunId) ? null : row.GetGuid(first + Place.RunId),
        row.GetTimeOrNull(first + Place.RunDeadline),
        row.IsDBNull(first + Place.IdempotencyKey)
            ? null
            : new IdempotencyKey(
                row.GetString(first + Place.IdempotencyKey), row.GetInt32(first + Place.IdempotencyIndex), row.GetFieldValue<byte[]>(first + Place.RequestHash)),
        row.GetInt32(first + Place.Version));

    private static IReadOnlyDictionary<string, JsonElement>? Json(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : JsonColumn.Read<IReadOnlyDictionary<string, JsonElement>>(row.GetString(column));

    private static class Place
    {
        public const int ProjectId = 0;
        public const int Id = 1;
        public const int ConfigId = 2;
        public const int ServerId = 3;
        public const int Action = 4;
        public const int Status = 5;
        public const int StatusReason = 6;
        public const int StackUserProjectId = 7;
        public const int CreationTime = 8;
        public const int UpdatedTime = 9;
        public const int Timeout = 10;
        public const int Deadline = 11;
        public const int RunId = 12;
        public const int RunDeadline = 13;
        public const int IdempotencyKey = 14;
        public const int IdempotencyIndex = 15;
        public const int RequestHash = 16;
        public const int Version = 17;
        public const int InputValues = 18;
        public const int OutputValues = 19;
    }
}
