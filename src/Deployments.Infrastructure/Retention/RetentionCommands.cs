using Npgsql;

namespace Deployments.Infrastructure.Retention;

/// <summary>What the statements of all tables have in common.</summary>
internal static class RetentionCommands
{
    public static void AddParameters(this NpgsqlCommand find, RetentionSlice slice)
    {
        find.Parameters.AddWithValue("project_id", slice.ProjectId);
        find.Parameters.AddWithValue("after", slice.After);
        find.Parameters.AddWithValue("end", slice.End);
        find.Parameters.AddWithValue("count", slice.Count);
    }

    public static async Task<IReadOnlyList<(Guid Id, bool IsDue)>> ReadSliceAsync(this NpgsqlCommand find, CancellationToken cancellationToken)
    {
        await using var rows = await find.ExecuteReaderAsync(cancellationToken);
        var found = new List<(Guid, bool)>();
        while (await rows.ReadAsync(cancellationToken))
        {
            found.Add((rows.GetGuid(0), rows.GetBoolean(1)));
        }

        return found;
    }
}
