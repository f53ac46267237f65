using Deployments.Infrastructure.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>A grouped statement with its parameters. Can be used repeatedly, by one caller at a time.</summary>
internal sealed class ReadCommand<TKey, TResult> : IDisposable
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
        command.CommandText = statement.CreateText(rows.RelationOfUnknownLength);
    }

    /// <summary>Reads what belongs to each key.</summary>
    /// <param name="keys">The keys; the number of each is its index.</param>
    /// <param name="found">Is given each result, with the number of its key, as soon as it is complete.</param>
    /// <param name="dataSource">Where it takes a connection from.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task ReadAsync(
        IReadOnlyList<TKey> keys, Action<int, TResult> found, NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        rows.Clear();
        for (var number = 0; number < keys.Count; number++)
        {
            rows.Add((number, keys[number]));
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        command.Connection = connection;
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

    public void Dispose() => command.Dispose();
}
