namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>The only SQL that writes an event. It is part of the statement that makes the change, so that neither is stored without the other.</summary>
internal static class EventLog
{
    /// <summary>
    /// The place of a change in the feed: its transaction, or the later one that last changed the row. Row locks are not taken in the order
    /// of transactions' ids, and the feed has the versions of a deployment in their order.
    /// </summary>
    /// <param name="deployment">The row before the change.</param>
    public static string Xact(string deployment) => $"GREATEST({deployment}.xact, pg_current_xact_id())";

    /// <summary>Completes the events of version 1.0 of deployments that are deleted: they have no row any more to take it from.</summary>
    /// <param name="deployments">A relation of the deployments, as they stood.</param>
    public static string Complete(string deployments) =>
        $"""
        UPDATE deployment_events AS entry SET
            deleted = false,
            server_id = {deployments}.server_id,
            config_id = {deployments}.config_id,
            stack_user_project_id = NULLIF({deployments}.stack_user_project_id, {deployments}.project_id)
        FROM {deployments}
        WHERE entry.project_id = {deployments}.project_id AND entry.deployment_id = {deployments}.id AND entry.deleted IS NULL
        """;

    /// <param name="changes">
    /// A relation with a row for each change: the new <c>project_id, id, version, time, action, status, status_reason, server_id,
    /// config_id, stack_user_project_id, xact</c> of the deployment, whether it is <c>deleted</c>, and <c>actor, request_id</c>.
    /// </param>
    public static string Insert(string changes) =>
        $"""
        INSERT INTO deployment_events (
            project_id, deployment_id, version, time, action, status, status_reason, actor, request_id,
            server_id, config_id, stack_user_project_id, deleted, xact)
        SELECT project_id, id, version, time, action, status, status_reason, actor, request_id,
            server_id, config_id, NULLIF(stack_user_project_id, project_id), deleted, xact
        FROM {changes}
        """;
}
