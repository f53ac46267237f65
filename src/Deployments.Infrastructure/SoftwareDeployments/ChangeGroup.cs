using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// Stores groups of changes: one statement locks the rows and reads them, the domain applies the changes in memory, and one statement
/// stores the rows with an event for each change. Instances cannot deadlock, as none waits for a lock.
/// </summary>
internal sealed class ChangeGroup(GroupConnections connections, ChangeSignal signal) : IGroupCommand<PendingChange>
{
    private const int MaxStoredLength = 8 * 1024 * 1024;

    private readonly LockDeploymentsCommand lockRows = new();
    private readonly UpdateDeploymentsCommand update = new();
    private GroupConnection? connection;

    public bool IsUsable => connection?.IsUsable == true;

    public bool IsSent { get; private set; }

    public async Task<IReadOnlyList<PendingChange>> StoreAsync(List<PendingChange> group, CancellationTokenSource attempt)
    {
        IsSent = false;
        var token = attempt.Token;
        var own = connection ?? await OpenAsync(token);
        await using var transaction = await own.BeginTransactionAsync(token);
        group.Sort(PendingChange.CompareByRow);
        var (rows, missing, left) = await LockAsync(group, token);
        await ApplyAsync(rows, own.Connection, attempt);
        left.AddRange(rows.Where(row => row.IsConfigLocked).SelectMany(row => row.Changes));
        rows.RemoveAll(row => row.IsConfigLocked);

        AddToUpdate(rows, group.Count);
        token.ThrowIfCancellationRequested(); // from then on another attempt may store them, and reports what became of them
        if (update.HasRows)
        {
            IsSent = true;
            await update.CommitAsync(token);
        }

        if (rows.Exists(row => row.IsChanged))
        {
            signal.Changed(rows.Where(row => row.IsChanged).Select(row => row.Current));
        }

        missing.ForEach(change => change.Succeed(new(Deployment: null)));
        rows.ForEach(row => row.Complete());
        return left;
    }

    public async ValueTask DisposeAsync()
    {
        await lockRows.DisposeAsync();
        await update.DisposeAsync();
        if (connection is not null)
        {
            await connection.DisposeAsync();
        }
    }

    private async Task<GroupConnection> OpenAsync(CancellationToken cancellationToken)
    {
        connection = await connections.OpenAsync(cancellationToken);
        await lockRows.UseAsync(connection, cancellationToken);
        await update.UseAsync(connection, cancellationToken);
        return connection;
    }

    /// <returns>The locked rows with their changes, the changes of rows that do not exist, and those of rows that others have locked.</returns>
    private async Task<(List<LockedDeployment> Rows, List<PendingChange> Missing, List<PendingChange> Left)> LockAsync(
        List<PendingChange> group, CancellationToken cancellationToken)
    {
        var numbers = new Dictionary<(string ProjectId, Guid Id), int>(group.Count);
        foreach (var change in group)
        {
            if (!numbers.ContainsKey((change.Caller.ProjectId, change.Id)))
            {
                numbers.Add((change.Caller.ProjectId, change.Id), lockRows.Add(change.Caller.ProjectId, change.Id));
            }
        }

        var found = await lockRows.ExecuteAsync(cancellationToken);
        var rows = new Dictionary<(string ProjectId, Guid Id), LockedDeployment>(found.Count);
        var (missing, left) = (new List<PendingChange>(), new List<PendingChange>());
        foreach (var change in group)
        {
            if (!found.TryGetValue(numbers[(change.Caller.ProjectId, change.Id)], out var row))
            {
                missing.Add(change);
            }
            else if (row is null)
            {
                left.Add(change);
            }
            else
            {
                // The callers may be of the project that owns it and of the one that it is shared with.
                var key = (row.Current.ProjectId, row.Current.Id);
                rows.TryAdd(key, row);
                rows[key].Add(change);
            }
        }

        return ([.. rows.Values], missing, left);
    }

    private static async Task ApplyAsync(List<LockedDeployment> rows, NpgsqlConnection connection, CancellationTokenSource attempt)
    {
        var stored = await FindStoredAsync(rows, connection, attempt.Token);
        var configs = new LockedConfigs();
        do
        {
            rows.ForEach(row => row.Apply(attempt, stored, configs));
        }
        while (await configs.LockRequiredAsync(connection, attempt.Token));
    }

    /// <summary>Finds the changes that an earlier attempt has stored, whose outcome was unknown: their events say so.</summary>
    private static async Task<IReadOnlySet<PendingChange>> FindStoredAsync(
        List<LockedDeployment> rows, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var stored = new HashSet<PendingChange>();
        var repeated = rows
            .SelectMany(row => row.Changes, (row, Change) => (row.Current.ProjectId, Change))
            .Where(one => one.Change.LastAttempt is not null)
            .ToList();
        if (repeated.Count == 0)
        {
            return stored;
        }

        await using var command = new NpgsqlCommand { Connection = connection };
        var input = new RowParameters<(int Number, string ProjectId, PendingChange Change)>(command);
        input.AddColumn("number", NpgsqlDbType.Integer, row => row.Number);
        input.AddColumn("project_id", NpgsqlDbType.Text, row => row.ProjectId);
        input.AddColumn("deployment_id", NpgsqlDbType.Uuid, row => row.Change.Id);
        input.AddColumn("version", NpgsqlDbType.Integer, row => row.Change.LastAttempt!.Value.Version);
        input.AddColumn("time", NpgsqlDbType.TimestampTz, row => row.Change.LastAttempt!.Value.Time.UtcDateTime);
        input.AddColumn("request_id", NpgsqlDbType.Text, row => row.Change.Caller.RequestId);
        input.AddColumn("actor", NpgsqlDbType.Text, row => row.Change.Caller.Actor);
        command.CommandText =
            $"SELECT number FROM {input.Relation} JOIN deployment_events USING (project_id, deployment_id, version, time, request_id, actor)";
        for (var number = 0; number < repeated.Count; number++)
        {
            input.Add((number, repeated[number].ProjectId, repeated[number].Change));
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            stored.Add(repeated[reader.GetInt32(0)].Change);
        }

        return stored;
    }

    private void AddToUpdate(List<LockedDeployment> rows, int changes)
    {
        foreach (var row in rows)
        {
            for (var index = 0; index < row.Versions.Count; index++)
            {
                var (deployment, caller) = row.Versions[index];
                update.Add(deployment, row.Before, caller, laterVersions: row.Versions.Count - 1 - index);
                if (update.Length > MaxStoredLength && changes > 1)
                {
                    update.Clear();
                    throw new GroupTooLargeException();
                }
            }
        }
    }
}
