using Deployments.Infrastructure.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>A grouped statement over a connection that it keeps. Can be used repeatedly, by one caller at a time.</summary>
internal sealed class ReadCommand<TKey, TResult> : IAsyncDisposable
    where TResult : class
{
    private readonly GroupedStatement<TKey, TResult> statement;
    private readonly NpgsqlCommand command = new();
    private readonly RowParameters<(int Number, TKey Key)> rows;

    public ReadCommand(GroupedStatement<TKey, TResult> statement)
    {
        this.statement = statement;
        rows = new(command);
        rows.AddColumn("number", NpgsqlDbType.Integer, row => row.Number);
        statement.AddColumns(rows);
        command.CommandText = statement.CreateText(rows.Relation);
    }

    /// <summary>Reads what belongs to each key.</summary>
    /// <param name="keys">The keys; the number of each is its index.</param>
    /// <param name="found">Is given each result, with the number of its key, as soon as it is complete.</param>
    /// <param name="dataSource">Where it takes its connection from.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task ReadAsync(
        IReadOnlyList<TKey> keys, Action<int, TResult> found, NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        if (command.Connection is null)
        {
            command.Connection = await dataSource.OpenForGroupsAsync(cancellationToken);
            await command.PrepareAsync(cancellationToken);
        }

        rows.Clear();
        for (var number = 0; number < keys.Count; number++)
        {
            rows.Add((number, keys[number]));
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (last, result) = (0, default(TResult));
        while (await reader.ReadAsync(cancellationToken))
        {
            var number = reader.GetInt32(0);
            if (result is not null && number != last)
            {
                found(last, result);
                result = null;
            }

            (last, result) = (number, statement.Read(reader, result));
        }

        if (result is not null)
        {
            found(last, result);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (command.Connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        await command.DisposeAsync();
    }
}
