using Shouldly;

namespace Deployments.FaultTests.Support;

/// <summary>Compares the acknowledged deployments with the stored ones.</summary>
internal static class ConsistencyCheck
{
    private const string Sql =
        """
        SELECT deployment.id, deployment.config_id, count(entry.deployment_id)
        FROM software_deployments AS deployment
        LEFT JOIN deployment_events AS entry ON entry.project_id = deployment.project_id AND entry.deployment_id = deployment.id
        GROUP BY deployment.id, deployment.config_id
        """;

    /// <summary>No acknowledged deployment is missing, none is duplicate, and none is stored without having been acknowledged.</summary>
    /// <param name="load">The writers, which have stopped.</param>
    /// <param name="postgres">The database.</param>
    /// <param name="fault">A description of the fault.</param>
    public static async Task ShouldHoldAsync(this ClosedLoopLoad load, Postgres postgres, string fault)
    {
        var rows = new List<(Guid Id, string Name, long Events)>();
        await using var command = postgres.Administration.CreateCommand(Sql);
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                rows.Add((reader.GetGuid(0), reader.GetString(1), reader.GetInt64(2)));
            }
        }

        var ids = rows.Select(row => row.Id).ToHashSet();
        var missing = load.Acknowledged.Values.Count(id => !ids.Contains(id));
        var duplicates = rows.Count - rows.DistinctBy(row => row.Name).Count();
        var unacknowledged = rows.Count(row => !load.Acknowledged.ContainsKey(row.Name));
        FaultRun.Report(
            $"{fault}; {load}; rows {rows.Count}, events {rows.Sum(row => row.Events)}; acknowledged and missing {missing}, duplicates {duplicates}, "
            + $"stored but not acknowledged {unacknowledged}");

        load.Acknowledged.Count.ShouldBePositive();
        missing.ShouldBe(0, "acknowledged and missing");
        duplicates.ShouldBe(0, "duplicates");
        unacknowledged.ShouldBe(0, "stored but not acknowledged");
        rows.ShouldAllBe(row => row.Events == 1);
    }
}
