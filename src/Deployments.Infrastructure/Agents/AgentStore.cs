using System.Data.Common;
using System.Text.Json;
using Deployments.Application.Agents;
using Deployments.Application.Common.Paging;
using Deployments.Domain.Agents;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareConfigs;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.GroupedReads;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model.Configurations;
using Microsoft.EntityFrameworkCore;
using NpgsqlTypes;

namespace Deployments.Infrastructure.Agents;

internal sealed class AgentStore(
    DatabaseExecutor database,
    ChangeSignal signal,
    AgentSightings sightings,
    GroupReader<RowKey, string> servers,
    GroupReader<RowKey, ServerRuns> runs,
    GroupReader<DeploymentOfAgent, IReadOnlyList<ConfigOutput>> outputs) : IAgentStore
{
    /// <summary>The servers of agents.</summary>
    public static readonly GroupedStatement<RowKey, string> Servers = new(
        RowKey.AddColumns, relation => $"SELECT input.number, agent.server_id FROM {relation} {AgentOf("input.id")}", (row, _) => row.GetString(1));

    /// <summary>The runs that agents apply.</summary>
    /// <remarks>OFFSET 0 changes no result: it makes the planner look up the deployments of each server.</remarks>
    public static readonly GroupedStatement<RowKey, ServerRuns> Runs = new(
        RowKey.AddColumns,
        relation =>
            $"""
            SELECT input.number, agent.server_id, listed.id, listed.run, listed.deadline
            FROM {relation}
            {AgentOf("input.id")}
            LEFT JOIN LATERAL (
                SELECT deployment.id, {Run} AS run, {Deadline} AS deadline, deployment.creation_time, config.name
                FROM software_deployments AS deployment
                CROSS JOIN LATERAL {ConfigOf("deployment", "name")} AS config
                WHERE deployment.project_id = agent.project_id AND deployment.server_id = agent.server_id
                OFFSET 0
            ) AS listed ON true
            ORDER BY input.number, listed.name COLLATE "C" NULLS FIRST, listed.creation_time, listed.id
            """,
        (row, before) =>
        {
            var result = before ?? new ServerRuns(row.GetString(1), []);
            if (!row.IsDBNull(2))
            {
                result.Listed.Add(new(row.GetGuid(2), row.GetGuid(3), row.GetTimeOrNull(4)));
            }

            return result;
        });

    /// <summary>The outputs that the configurations of deployments declare, where they are of the server of the agent.</summary>
    public static readonly GroupedStatement<DeploymentOfAgent, IReadOnlyList<ConfigOutput>> Outputs = new(
        DeploymentOfAgent.AddColumns,
        relation =>
            $"""
            SELECT input.number, config.outputs
            FROM {relation}
            {AgentOf("input.agent_id")}
            CROSS JOIN LATERAL (
                SELECT project_id, config_id FROM software_deployments
                WHERE project_id = input.project_id AND id = input.deployment_id AND server_id = agent.server_id
                LIMIT 1
            ) AS deployment
            LEFT JOIN LATERAL {ConfigOf("deployment", "outputs")} AS config ON true
            """,
        (row, _) => row.IsDBNull(1) ? [] : JsonColumn.Read<IReadOnlyList<ConfigOutput>>(row.GetString(1)));

    // The planner does not see the array's length in a SELECT: else it would find a plan for so few rows cheaper, and plan each time.
    private static readonly string ReadDeploymentsToApply =
        $"""
        SELECT deployment.id, {Run} AS run, {Deadline} AS deadline, deployment.server_id, deployment.action, deployment.input_values,
            config.name, config."group", config.creation_time, config.config, config.inputs, config.outputs, config.options
        FROM unnest((SELECT @ids)) WITH ORDINALITY AS listed (id, index)
        JOIN software_deployments AS deployment ON deployment.project_id = @project_id AND deployment.id = listed.id
        CROSS JOIN LATERAL {ConfigOf("deployment", "name, \"group\", creation_time, config, inputs, outputs, options")} AS config
        ORDER BY listed.index
        """;

    private const string Run = "COALESCE(deployment.run_id, deployment.id)";

    private const string Deadline = "COALESCE(deployment.deadline, deployment.run_deadline)";

    public Task<Agent> AddAsync(Func<Agent> create, CancellationToken cancellationToken) => database.RunAsync(
        async attempt =>
        {
            var agent = create(); // for each attempt: what an earlier one stored may have been revoked since
            while (true)
            {
                // Nothing where a concurrent request has just stored another one, which the next statement sees.
                var stored = await attempt.Context.Agents
                    .FromSql(
                        $"""
                        WITH added AS (
                            INSERT INTO agents (project_id, id, server_id, creation_time)
                            VALUES ({agent.ProjectId}, {agent.Id}, {agent.ServerId}, {agent.CreationTime})
                            ON CONFLICT (project_id, server_id) DO NOTHING
                            RETURNING *)
                        SELECT * FROM added
                        UNION ALL
                        SELECT * FROM agents WHERE project_id = {agent.ProjectId} AND server_id = {agent.ServerId}
                        """)
                    .AsNoTracking()
                    .ToListAsync(attempt.Token);
                if (stored is [var existing, ..])
                {
                    return existing;
                }
            }
        },
        cancellationToken);

    public async Task<bool> DeleteAsync(string projectId, string serverId, CancellationToken cancellationToken)
    {
        Guid? found = null;
        return await database.RunAsync(
            async attempt =>
            {
                found ??= await attempt.Context.Agents
                    .Where(agent => agent.ProjectId == projectId && agent.ServerId == serverId)
                    .Select(agent => (Guid?)agent.Id)
                    .SingleOrDefaultAsync(attempt.Token);
                if (found is null)
                {
                    return false;
                }

                await attempt.Context.Agents
                    .Where(agent => agent.ProjectId == projectId && agent.Id == found)
                    .ExecuteDeleteAsync(attempt.Token);
                signal.Revoked(projectId, serverId);
                return true;
            },
            cancellationToken);
    }

    public async Task<bool> ExistsAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
        await servers.ReadAsync(new(projectId, id), cancellationToken) is not null;

    public void MarkSeen(string projectId, Guid id) => sightings.Add(projectId, id);

    public async Task<AgentRuns?> ListRunsAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
        await runs.ReadAsync(new(projectId, id), cancellationToken) is { } found ? new AgentRuns(found.ServerId, found.Listed) : null;

    public Task<Chunk<DeploymentToApply>> ReadAsync(string projectId, IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
        database.RunAsync(
            async attempt =>
            {
                await using var command = await attempt.CreateCommandAsync(ReadDeploymentsToApply);
                command.Parameters.AddWithValue("project_id", projectId);
                command.Parameters.AddWithValue("ids", ids.ToArray());
                await using var rows = await command.ExecuteReaderAsync(attempt.Token);
                var (items, size) = (new List<DeploymentToApply>(), 0L);
                while (await rows.ReadAsync(attempt.Token))
                {
                    if (size > RowSize.MaxChunkBytes)
                    {
                        return new Chunk<DeploymentToApply>(items, IsTruncated: true);
                    }

                    items.Add(Read(rows, out var bytes));
                    size += bytes;
                }

                return new Chunk<DeploymentToApply>(items, IsTruncated: false);
            },
            cancellationToken);

    public Task<IReadOnlyList<ConfigOutput>?> FindOutputsAsync(
        string projectId, Guid agentId, Guid deploymentId, CancellationToken cancellationToken) =>
        outputs.ReadAsync(new(projectId, agentId, deploymentId), cancellationToken);

    private static DeploymentToApply Read(DbDataReader row, out long size)
    {
        var (inputValues, config) = (row.GetStringOrNull(5), row.GetStringOrNull(9));
        var (inputs, outputs, options) = (row.GetString(10), row.GetString(11), row.GetString(12));
        size = RowSize.Of(inputValues, config, inputs, outputs, options);
        return new DeploymentToApply
        {
            DeploymentId = row.GetGuid(0),
            Run = row.GetGuid(1),
            Deadline = row.GetTimeOrNull(2),
            ServerId = row.GetString(3),
            Action = row.GetStringOrNull(4),
            InputValues = inputValues is null ? null : JsonColumn.Read<IReadOnlyDictionary<string, JsonElement>>(inputValues),
            Name = row.GetStringOrNull(6),
            Group = row.GetStringOrNull(7),
            CreationTime = row.GetFieldValue<DateTimeOffset>(8),
            Config = config is null ? null : JsonColumn.Read<JsonElement>(config),
            Inputs = JsonColumn.Read<IReadOnlyList<ConfigInput>>(inputs),
            Outputs = JsonColumn.Read<IReadOnlyList<ConfigOutput>>(outputs),
            Options = JsonColumn.Read<IReadOnlyDictionary<string, JsonElement>>(options),
        };
    }

    /// <remarks>LIMIT 1 changes no result: it makes the planner look up the primary key, here and below.</remarks>
    private static string AgentOf(string id) =>
        $"""
        CROSS JOIN LATERAL (
            SELECT project_id, server_id FROM agents WHERE project_id = input.project_id AND id = {id} LIMIT 1
        ) AS agent
        """;

    private static string ConfigOf(string deployment, string columns) =>
        $"""
        (
            SELECT {columns} FROM software_configs
            WHERE project_id = {deployment}.project_id
                AND id = CASE WHEN {deployment}.config_id ~ '{CanonicalUuid.Pattern}' THEN {deployment}.config_id::uuid END
            LIMIT 1
        )
        """;
}

/// <summary>The runs of a server, as far as they have been read.</summary>
internal sealed record ServerRuns(string ServerId, List<ListedRun> Listed);

/// <summary>A deployment, and the agent that reports its outcome.</summary>
internal readonly record struct DeploymentOfAgent(string ProjectId, Guid AgentId, Guid DeploymentId) : IReadKey
{
    public static void AddColumns(RowParameters<(int Number, DeploymentOfAgent Key)> rows)
    {
        rows.AddColumn("project_id", NpgsqlDbType.Text, row => row.Key.ProjectId);
        rows.AddColumn("agent_id", NpgsqlDbType.Uuid, row => row.Key.AgentId);
        rows.AddColumn("deployment_id", NpgsqlDbType.Uuid, row => row.Key.DeploymentId);
    }
}
