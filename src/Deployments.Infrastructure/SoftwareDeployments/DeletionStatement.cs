using Deployments.Infrastructure.ChangeFeed;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>Deletes deployments, and writes an event of each deletion.</summary>
internal static class DeletionStatement
{
    /// <summary>
    /// The statement. Its parameters are <c>time, actor, request_id</c> and those of the condition; it returns the id of each deleted
    /// deployment, and the project that it was shared with.
    /// </summary>
    /// <param name="condition">Which deployments; they are locked already, or by the condition.</param>
    public static string Create(string condition) =>
        $"""
        WITH deleted_row AS (
            DELETE FROM software_deployments AS deployment WHERE {condition}
            RETURNING project_id, id, version + 1 AS version, action, status, status_reason, server_id, config_id, stack_user_project_id,
                {EventLog.Xact("deployment")} AS xact),
        completed AS (
            {EventLog.Complete("deleted_row")}),
        event AS (
            {EventLog.Insert("(SELECT *, @time AS time, true AS deleted, @actor AS actor, @request_id AS request_id FROM deleted_row) AS change")})
        SELECT id, stack_user_project_id FROM deleted_row
        """;
}
