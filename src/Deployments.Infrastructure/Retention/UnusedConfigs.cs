using Deployments.Application.Retention;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.SoftwareDeployments;

namespace Deployments.Infrastructure.Retention;

/// <summary>Old configurations that no deployment of their project refers to.</summary>
/// <param name="before">Those that were created before.</param>
internal sealed class UnusedConfigs(DateTimeOffset before) : IRetainedRows
{
    private const string IsDue =
        """
        config.creation_time < @before AND NOT EXISTS (
            SELECT FROM software_deployments WHERE project_id = config.project_id AND config_id = config.id::text)
        """;

    private const string Find =
        $"""
        WITH config AS MATERIALIZED (
            SELECT project_id, id, creation_time FROM software_configs
            WHERE project_id = @project_id AND id > @after AND id < @end
            ORDER BY id
            LIMIT @count)
        SELECT id, {IsDue} FROM config
        ORDER BY id
        """;

    // A statement of its own, as it has to see the deployments that were stored until the configurations were locked.
    private const string Delete = $"DELETE FROM software_configs AS config WHERE project_id = @project_id AND id = ANY (@ids) AND {IsDue}";

    public string NextProject => "SELECT project_id FROM software_configs WHERE project_id > @after ORDER BY project_id LIMIT 1";

    public DateTimeOffset Before => before;

    public RetentionCount CountOf(int rows) => new(Deployments: 0, Configs: rows);

    public async Task<IReadOnlyList<(Guid Id, bool IsDue)>> FindAsync(DatabaseExecutor.Attempt attempt, RetentionSlice slice)
    {
        await using var find = await attempt.CreateCommandAsync(Find);
        find.Parameters.AddWithValue("before", before);
        find.AddParameters(slice);
        return await find.ReadSliceAsync(attempt.Token);
    }

    public async Task<RetentionDeletion> DeleteAsync(DatabaseExecutor.Attempt attempt, string projectId, Guid[] ids)
    {
        // Excludes the lock that a deployment takes on the configuration that it refers to, where it has to exist. Where it need not, a
        // deployment that is being stored is not seen, as by DELETE.
        var locked = await attempt.LockUnlockedAsync("software_configs", projectId, ids);
        await using var delete = await attempt.CreateCommandAsync(Delete);
        delete.Parameters.AddWithValue("before", before);
        delete.Parameters.AddWithValue("project_id", projectId);
        delete.Parameters.AddWithValue("ids", locked);
        return new RetentionDeletion(await delete.ExecuteNonQueryAsync(attempt.Token), () => { });
    }
}
