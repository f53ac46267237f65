using System.Data.Common;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Reads columns that may be null.</summary>
internal static class RowValues
{
    public static string? GetStringOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static DateTimeOffset? GetTimeOrNull(this DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
