using Npgsql;

namespace Deployments.Benchmarks;

/// <summary>
/// Deployments of a few projects, in the database for requests to change each of them; and the reference for such a request: pgbench, which
/// updates the same rows one by one and inserts an event for each.
/// </summary>
/// <param name="bench">Whose database.</param>
/// <param name="rows">How many, counted from 1.</param>
/// <param name="serverId">The SQL of the server of deployment n.</param>
/// <param name="configId">The SQL of its configuration.</param>
internal sealed class StoredDeployments(
    Bench bench, int rows, string serverId = "'ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5'", string configId = "'8da95794-2ad9-4979-8ae5-739ce314c5cd'")
{
    public const int Projects = 8;

    private readonly string update =
        $$"""
        \set n random(1, {{rows}})
        WITH updated AS (
            UPDATE software_deployments SET
                status = CASE status WHEN 'COMPLETE' THEN 'FAILED' ELSE 'COMPLETE' END, updated_time = now(), version = version + 1
            WHERE project_id = {{SqlOfProject(":n::bigint")}} AND id = {{SqlOfId(":n::bigint")}}
            RETURNING *)
        INSERT INTO deployment_events (
            project_id, deployment_id, version, time, action, status, status_reason, actor, request_id, server_id, config_id, deleted)
        SELECT project_id, id, version, updated_time, action, status, status_reason, 'pgbench', 'req-01a20000-0000-7000-8000-000000000000',
            server_id, config_id, false
        FROM updated;
        """;

    private readonly string fill =
        $$"""
        TRUNCATE software_deployments, deployment_events;
        INSERT INTO software_deployments (project_id, id, config_id, server_id, action, input_values, status, status_reason, creation_time, version)
        SELECT {{SqlOfProject("n")}}, {{SqlOfId("n")}}, {{configId}}, {{serverId}}, 'CREATE',
            '{"port":8080,"name":"web"}', 'IN_PROGRESS', 'Deploy data available', now(), 1
        FROM generate_series(1, {{rows}}) AS n;
        VACUUM ANALYZE software_deployments, deployment_events;
        CHECKPOINT
        """;

    public static string ProjectOf(int n) => $"caller-{n % Projects}";

    public static Guid IdOf(int n) => Guid.Parse($"01a20000-0000-7000-8000-{n:x12}");

    public static string SqlOfProject(string n) => $"'caller-' || {n} % {Projects}";

    public static string SqlOfId(string n) => $"('01a20000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid";

    /// <summary>A token of each project, by its number.</summary>
    public IReadOnlyList<string> CreateTokens() => [.. Enumerable.Range(0, Projects).Select(n => bench.CreateToken(ProjectOf(n), $"writer-{n}"))];

    /// <summary>Stores them as they are before any change.</summary>
    /// <param name="database">Where; without, in the bench's database.</param>
    public async Task FillAsync(NpgsqlDataSource? database = null)
    {
        foreach (var statement in fill.Split(";\n"))
        {
            await Bench.ExecuteAsync(database ?? bench.Database, statement); // VACUUM and CHECKPOINT run outside a transaction
        }
    }

    public PgbenchLoad Updates() => new(bench, update);
}
