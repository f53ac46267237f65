namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>The only SQL that writes an event. It is part of the statement that makes the change, so that neither is stored without the other.</summary>
internal static class EventLog
{
    /// <param name="changes">
    /// A relation with a row for each change: the new <c>project_id, id, version, time, action, status, status_reason</c>, and
    /// <c>actor, request_id</c>.
    /// </param>
    public static string Insert(string changes) =>
        $"""
        INSERT INTO deployment_events (
            project_id, deployment_id, version, time, action, status, status_reason, actor, request_id)
        SELECT project_id, id, version, time, action, status, status_reason, actor, request_id
        FROM {changes}
        """;
}
