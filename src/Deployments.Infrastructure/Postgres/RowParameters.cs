using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// Parameters for any number of rows of a statement: an array for each column, which <c>unnest</c> turns into a relation. A column is
/// named once for its parameter and for SQL. Can be used repeatedly, by one caller at a time.
/// </summary>
internal sealed class RowParameters<TRow>(NpgsqlCommand command)
{
    private readonly List<string> columns = [];
    private readonly List<Action<TRow>> addValue = [];
    private readonly List<Action> resets = [];

    /// <summary>The relation <c>input</c>, for the FROM clause.</summary>
    public string Relation =>
        $"unnest({string.Join(", ", columns.Select(column => $"@{column}"))}) AS input ({Names})";

    /// <summary>
    /// The same, of whose length the planner knows nothing: else it would find a plan for so few rows cheaper than the one for any number, and
    /// plan each time.
    /// </summary>
    public string RelationOfUnknownLength =>
        $"unnest({string.Join(", ", columns.Select(column => $"(SELECT @{column})"))}) AS input ({Names})";

    /// <summary>The columns so far, for INSERT.</summary>
    public string Names => string.Join(", ", columns);

    public void AddColumn<T>(string column, NpgsqlDbType type, Func<TRow, T> value)
    {
        var values = new List<T>();
        command.Parameters.Add(new NpgsqlParameter<List<T>>(column, NpgsqlDbType.Array | type) { TypedValue = values });
        columns.Add(column);
        addValue.Add(row => values.Add(value(row)));
        resets.Add(values.Clear);
    }

    public void Add(TRow row) => addValue.ForEach(add => add(row));

    public void Clear() => resets.ForEach(reset => reset());
}
