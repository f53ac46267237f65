using Deployments.Infrastructure.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>What is read is identified by a key, of a project.</summary>
internal interface IReadKey
{
    string ProjectId { get; }
}

/// <summary>A row of a project.</summary>
internal readonly record struct RowKey(string ProjectId, Guid Id) : IReadKey
{
    public static void AddColumns(RowParameters<(int Number, RowKey Key)> rows)
    {
        rows.AddColumn("project_id", NpgsqlDbType.Text, row => row.Key.ProjectId);
        rows.AddColumn("id", NpgsqlDbType.Uuid, row => row.Key.Id);
    }
}

/// <summary>A statement that reads what belongs to each of any number of keys.</summary>
/// <param name="AddColumns">Adds the columns of the key.</param>
/// <param name="CreateText">
/// Its text, from the relation <c>input</c>, which has a number, and the columns of the key. The first column that it returns is the number; the
/// rows of a number come one after another.
/// </param>
/// <param name="Read">Reads a row into the result of its key, null before the first.</param>
internal sealed record GroupedStatement<TKey, TResult>(
    Action<RowParameters<(int Number, TKey Key)>> AddColumns, Func<string, string> CreateText, Func<NpgsqlDataReader, TResult?, TResult> Read)
    where TResult : class;
