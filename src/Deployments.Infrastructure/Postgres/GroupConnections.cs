using System.Data;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Opens connections that are kept for statements that take any number of rows.</summary>
internal sealed class GroupConnections(NpgsqlDataSource dataSource, Pooler pooler)
{
    public async Task<GroupConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        if (pooler.SharesSessions)
        {
            return new GroupConnection(connection, keepsSession: false);
        }

        try
        {
            // The plan is the same for any number of rows, but PostgreSQL would plan again for few rows; Citus cannot plan under this setting.
            // READ COMMITTED is set because the database's own default may be another.
            await using var session = new NpgsqlCommand(
                $"""
                SELECT set_config('default_transaction_isolation', 'read committed', false),
                    CASE WHEN NOT {DistributedDatabase.Exists} THEN set_config('plan_cache_mode', 'force_generic_plan', false) END
                """,
                connection);
            await session.ExecuteNonQueryAsync(cancellationToken);
            return new GroupConnection(connection, keepsSession: true);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}

/// <summary>
/// A connection with the statements that are prepared on it. Where the session is not its own none is: each is planned anew, and what must be
/// READ COMMITTED is a transaction that says so.
/// </summary>
internal sealed class GroupConnection(NpgsqlConnection connection, bool keepsSession) : IAsyncDisposable
{
    private readonly List<NpgsqlCommand> prepared = [];

    /// <summary>Whether it is always the same session of the server, as long as it is open.</summary>
    public bool KeepsSession => keepsSession;

    /// <summary>Whether it is open and its statements are still prepared on it.</summary>
    public bool IsUsable => connection.FullState == ConnectionState.Open && prepared.TrueForAll(command => command.IsPrepared);

    public NpgsqlConnection Connection => connection;

    /// <summary>Makes a statement run over this connection from now on.</summary>
    public async Task AddAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        command.Connection = connection;
        if (keepsSession)
        {
            prepared.Add(command);
            await command.PrepareAsync(cancellationToken);
        }
    }

    public ValueTask<NpgsqlTransaction> BeginTransactionAsync(CancellationToken cancellationToken) =>
        connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);

    /// <summary>Runs one statement, READ COMMITTED and committed when this returns.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> statement, CancellationToken cancellationToken)
    {
        if (keepsSession)
        {
            return await statement();
        }

        await using var transaction = await BeginTransactionAsync(cancellationToken);
        var result = await statement();
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
