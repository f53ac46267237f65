using Deployments.Domain.Common;
using Deployments.Infrastructure.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>Whether a deployment may refer to a configuration.</summary>
internal enum ConfigState
{
    /// <summary>It exists, and cannot be deleted before the transaction ends.</summary>
    Exists,

    Missing,

    /// <summary>Another transaction has locked it, to delete it perhaps.</summary>
    Locked,
}

/// <summary>The configurations that must exist for the changes of a group, with those that exist locked until the transaction ends.</summary>
internal sealed class LockedConfigs
{
    private readonly Dictionary<(string ProjectId, string Id), ConfigState> found = [];
    private readonly HashSet<(string ProjectId, string Id)> notLocked = [];

    /// <summary>
    /// Requires a configuration and returns its state. It is taken to exist until <see cref="LockRequiredAsync"/> has looked for it.
    /// </summary>
    public ConfigState Require(string projectId, string id)
    {
        if (found.TryGetValue((projectId, id), out var state))
        {
            return state;
        }

        notLocked.Add((projectId, id));
        return ConfigState.Exists;
    }

    /// <summary>Sets the state of a configuration.</summary>
    public void Set(string projectId, string id, ConfigState state)
    {
        found[(projectId, id)] = state;
        notLocked.Remove((projectId, id));
    }

    /// <summary>Locks the configurations that are required since the last time. It waits for no lock.</summary>
    /// <returns>Whether there were any.</returns>
    public async Task<bool> LockRequiredAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (notLocked.Count == 0)
        {
            return false;
        }

        await using var command = new NpgsqlCommand { Connection = connection };
        var input = new RowParameters<(string ProjectId, Guid Id)>(command);
        input.AddColumn("project_id", NpgsqlDbType.Text, config => config.ProjectId);
        input.AddColumn("id", NpgsqlDbType.Uuid, config => config.Id);
        foreach (var (projectId, text) in notLocked.ToList())
        {
            Set(projectId, text, ConfigState.Missing);
            if (CanonicalUuid.Parse(text) is { } id)
            {
                input.Add((projectId, id));
            }
        }

        command.CommandText =
            $"""
            SELECT existing.project_id, existing.id, locked.id IS NULL
            FROM {input.Relation}
            JOIN software_configs AS existing ON existing.project_id = input.project_id AND existing.id = input.id
            LEFT JOIN LATERAL (
                SELECT id FROM software_configs WHERE project_id = existing.project_id AND id = existing.id
                FOR KEY SHARE SKIP LOCKED)
            AS locked ON true
            """;
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            Set(rows.GetString(0), rows.GetGuid(1).ToString(), rows.GetBoolean(2) ? ConfigState.Locked : ConfigState.Exists);
        }

        return true;
    }
}
