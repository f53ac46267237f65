using Deployments.Application.Retention;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.SoftwareDeployments;
using Npgsql;

namespace Deployments.Infrastructure.Retention;

/// <summary>
/// Deployments that are not in progress and have not changed for long, except the newest of each server and configuration name, or
/// configuration id where there is no name.
/// </summary>
/// <param name="before">Those that have not changed since then.</param>
/// <param name="perServer">How many of the newest are kept.</param>
/// <param name="signal">Notifies the requests that wait.</param>
/// <param name="clock">The clock of the events.</param>
internal sealed class OverdueDeployments(DateTimeOffset before, int perServer, ChangeSignal signal, TimeProvider clock) : IRetainedRows
{
    // Newer ones of the same name are looked for among the next of the server, and not all, as a single row must not take longer than a slice
    // may. The name of each is asked for by its key: as a join, it might be planned over all configurations.
    private static readonly string IsDue =
        $"""
        deployment.status <> 'IN_PROGRESS' AND COALESCE(deployment.updated_time, deployment.creation_time) < @before AND @per_server = CASE
            WHEN {NameOf("deployment")} IS NULL THEN (
                SELECT count(*) FROM (
                    SELECT FROM {NewerOfServer} WHERE newer.config_id = deployment.config_id LIMIT @per_server) AS found)
            ELSE (
                SELECT count(*) FROM (
                    SELECT FROM {NewerOfServer} WHERE {NameOf("newer")} = {NameOf("deployment")} LIMIT @per_server) AS found)
            END
        """;

    private const string NewerOfServer =
        """
        (
            SELECT project_id, config_id FROM software_deployments
            WHERE project_id = deployment.project_id AND server_id = deployment.server_id AND id > deployment.id
            ORDER BY id
            LIMIT 10000
        ) AS newer
        """;

    private static readonly string Find =
        $"""
        WITH deployment AS MATERIALIZED (
            SELECT project_id, id, server_id, config_id, status, updated_time, creation_time FROM software_deployments
            WHERE project_id = @project_id AND id > @after AND id < @end
            ORDER BY id
            LIMIT @count)
        SELECT id, {IsDue} FROM deployment
        ORDER BY id
        """;

    private static readonly string Delete = DeletionStatement.Create(
        $"""
        project_id = @project_id AND id = ANY (ARRAY (
            SELECT id FROM software_deployments AS deployment WHERE project_id = @project_id AND id = ANY (@ids) AND {IsDue}
            FOR UPDATE SKIP LOCKED))
        """);

    public string NextProject => "SELECT project_id FROM software_deployments WHERE project_id > @after ORDER BY project_id LIMIT 1";

    public DateTimeOffset Before => before;

    public RetentionCount CountOf(int rows) => new(Deployments: rows, Configs: 0);

    public async Task<IReadOnlyList<(Guid Id, bool IsDue)>> FindAsync(DatabaseExecutor.Attempt attempt, RetentionSlice slice)
    {
        await using var find = await attempt.CreateCommandAsync(Find);
        AddRules(find);
        find.AddParameters(slice);
        return await find.ReadSliceAsync(attempt.Token);
    }

    public async Task<RetentionDeletion> DeleteAsync(DatabaseExecutor.Attempt attempt, string projectId, Guid[] ids)
    {
        await using var delete = await attempt.CreateCommandAsync(Delete);
        AddRules(delete);
        delete.Parameters.AddWithValue("project_id", projectId);
        delete.Parameters.AddWithValue("ids", ids);
        delete.Parameters.AddWithValue("time", clock.GetUtcNow());
        delete.Parameters.AddWithValue("actor", Actors.Retention);
        delete.Parameters.AddWithValue("request_id", $"req-{Guid.NewGuid()}");
        var deleted = new List<(string ProjectId, Guid Id, string? Receiver)>();
        await using var rows = await delete.ExecuteReaderAsync(attempt.Token);
        while (await rows.ReadAsync(attempt.Token))
        {
            deleted.Add((projectId, rows.GetGuid(0), rows.IsDBNull(1) ? null : rows.GetString(1)));
        }

        return new RetentionDeletion(deleted.Count, () => signal.Changed(deleted));
    }

    private void AddRules(NpgsqlCommand command)
    {
        command.Parameters.AddWithValue("before", before);
        command.Parameters.AddWithValue("per_server", (long)perServer);
    }

    private static string NameOf(string deployment) =>
        $"""
        (SELECT name FROM software_configs WHERE project_id = {deployment}.project_id
            AND id = CASE WHEN {deployment}.config_id ~ '{CanonicalUuid.Pattern}' THEN {deployment}.config_id::uuid END)
        """;
}
