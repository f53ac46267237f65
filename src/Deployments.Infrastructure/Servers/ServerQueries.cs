using System.Data.Common;
using Deployments.Application.Servers;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Npgsql;

namespace Deployments.Infrastructure.Servers;

/// <remarks>
/// There is no table of servers: PostgreSQL goes from one to the next through an index, in ordinal order, whatever the order of the database is.
/// </remarks>
internal sealed class ServerQueries(DatabaseExecutor database) : IServerQueries
{
    // The cost of steps grows with the servers, that of a pass over the whole index with the deployments: docs/decisions/016.
    private const int MaxSteps = 15_000;

    private static readonly string ListAll = List(DeploymentStatusNames.All, withAgents: true);

    private static readonly Dictionary<DeploymentStatus, string> ListByStatus =
        Enum.GetValues<DeploymentStatus>().ToDictionary(status => status, status => List([status.ToName()], withAgents: false));

    private static readonly string CountInSteps = Count(
        """
        WITH RECURSIVE pair (status, server_id) AS (
            (
                SELECT status, server_id FROM software_deployments
                WHERE project_id = @project_id
                ORDER BY status, server_id COLLATE "C"
                LIMIT 1
            )
            UNION ALL
            SELECT following.status, following.server_id
            FROM pair
            CROSS JOIN LATERAL (
                SELECT status, server_id FROM software_deployments
                WHERE project_id = @project_id AND (status, server_id COLLATE "C") > (pair.status, pair.server_id)
                ORDER BY status, server_id COLLATE "C"
                LIMIT 1
            ) AS following
        )
        SELECT status, server_id FROM pair LIMIT @max_pairs
        """);

    private static readonly string CountInOnePass = Count(
        """
        SELECT status, server_id COLLATE "C" FROM software_deployments
        WHERE project_id = @project_id
        GROUP BY status, server_id COLLATE "C"
        """);

    public Task<IReadOnlyList<ServerDto>> ListAsync(ServerFilter filter, string? after, int count, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<ServerDto>>(
            async attempt =>
            {
                await using var command = await attempt.CreateCommandAsync(filter.Status is { } status ? ListByStatus[status] : ListAll);
                command.Parameters.AddWithValue("project_id", filter.ProjectId);
                command.Parameters.AddWithValue("prefix", filter.IdPrefix ?? string.Empty);
                command.Parameters.AddWithValue("after", after ?? string.Empty);
                command.Parameters.AddWithValue("count", count);
                await using var rows = await command.ExecuteReaderAsync(attempt.Token);
                var servers = new List<ServerDto>();
                while (await rows.ReadAsync(attempt.Token))
                {
                    servers.Add(Read(rows));
                }

                return servers;
            },
            cancellationToken);

    public Task<ServerTotalsDto> CountAsync(string projectId, CancellationToken cancellationToken) => database.RunAsync(
        async attempt =>
        {
            await using var steps = await attempt.CreateCommandAsync(CountInSteps);
            steps.Parameters.AddWithValue("max_pairs", MaxSteps + 1);
            if (await CountAsync(steps) is { Pairs: <= MaxSteps } counted)
            {
                return counted.Totals;
            }

            await using var pass = await attempt.CreateCommandAsync(CountInOnePass);
            return (await CountAsync(pass)).Totals;

            async Task<(long Pairs, ServerTotalsDto Totals)> CountAsync(NpgsqlCommand command)
            {
                command.Parameters.AddWithValue("project_id", projectId);
                await using var rows = await command.ExecuteReaderAsync(attempt.Token);
                await rows.ReadAsync(attempt.Token);
                var totals = new ServerTotalsDto
                {
                    Servers = rows.GetInt64(1),
                    Complete = rows.GetInt64(2),
                    InProgress = rows.GetInt64(3),
                    Failed = rows.GetInt64(4),
                };
                return (rows.GetInt64(0), totals);
            }
        },
        cancellationToken);

    private static ServerDto Read(DbDataReader row) => new()
    {
        ServerId = row.GetString(0),
        Deployments = new DeploymentCountsDto { Complete = row.GetInt64(1), InProgress = row.GetInt64(2), Failed = row.GetInt64(3) },
        LastDeployment = row.IsDBNull(4)
            ? null
            : new LastDeploymentDto
            {
                Id = row.GetGuid(4),
                ConfigId = row.GetString(5),
                Status = DeploymentStatusNames.Parse(row.GetString(6))!.Value,
                CreationTime = row.GetFieldValue<DateTimeOffset>(7),
                UpdatedTime = row.GetTimeOrNull(8),
            },
        Agent = row.IsDBNull(9) ? null : new ServerAgentDto { LastSeen = row.GetTimeOrNull(10) },
    };

    /// <remarks>LIMIT 1 changes no result where it limits one row to one: it makes the planner look up an index once for each server.</remarks>
    private static string List(IEnumerable<string> statuses, bool withAgents) =>
        $"""
        WITH RECURSIVE server (id) AS (
            SELECT {Next("@after", statuses, withAgents)}
            UNION ALL
            SELECT {Next("server.id", statuses, withAgents)} FROM server WHERE starts_with(server.id, @prefix)
        )
        SELECT page.id, {string.Join(", ", DeploymentStatusNames.All.Select(CountOf))},
            last.id, last.config_id, last.status, last.creation_time, last.updated_time, agent.id, agent.last_seen
        FROM (SELECT id COLLATE "default" AS id FROM server WHERE starts_with(id, @prefix) LIMIT @count) AS page
        LEFT JOIN LATERAL (
            SELECT id, config_id, status, creation_time, updated_time FROM software_deployments
            WHERE project_id = @project_id AND server_id = page.id
            ORDER BY id DESC
            LIMIT 1
        ) AS last ON true
        LEFT JOIN LATERAL (
            SELECT id, last_seen FROM agents WHERE project_id = @project_id AND server_id = page.id LIMIT 1
        ) AS agent ON true
        ORDER BY page.id COLLATE "C"
        """;

    /// <summary>The id of the next server, or null.</summary>
    private static string Next(string after, IEnumerable<string> statuses, bool withAgents)
    {
        var first = statuses.Select(status => First("software_deployments", $"AND status = '{status}'"));
        return $"LEAST({string.Join(", ", withAgents ? first.Append(First("agents", string.Empty)) : first)})";

        string First(string table, string condition) =>
            $"""
            (
                SELECT server_id COLLATE "C" FROM {table}
                WHERE project_id = @project_id {condition} AND server_id COLLATE "C" > {after} AND server_id COLLATE "C" >= @prefix
                ORDER BY server_id COLLATE "C"
                LIMIT 1
            )
            """;
    }

    private static string CountOf(string status) =>
        $"""
        (
            SELECT count(*) FROM software_deployments
            WHERE project_id = @project_id AND status = '{status}' AND server_id COLLATE "C" = page.id
        )
        """;

    /// <param name="pairs">The statement that returns the statuses of each server.</param>
    private static string Count(string pairs) =>
        $"""
        SELECT count(status), count(DISTINCT server_id COLLATE "C"),
            {string.Join(", ", DeploymentStatusNames.All.Select(status => $"count(*) FILTER (WHERE status = '{status}')"))}
        FROM (
            ({pairs})
            UNION ALL
            SELECT NULL, server_id FROM agents WHERE project_id = @project_id
        ) AS pair
        """;
}
