using Shouldly;

namespace Deployments.FaultTests.Support;

/// <summary>What writers were told beside what the database holds.</summary>
internal static class ConsistencyCheck
{
    private const string Sql =
        """
        SELECT id, config_id, count(deployment_id)
        FROM software_deployments LEFT JOIN deployment_events ON deployment_id = id
        GROUP BY id, config_id
        """;

    /// <summary>Nothing acknowledged is missing, nothing is there twice, and nothing is there that was given up or not told.</summary>
    /// <param name="load">The writers, who have stopped.</param>
    /// <param name="postgres">The database, such as it is now.</param>
    /// <param name="fault">What happened meanwhile, for people.</param>
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
        var doubled = rows.Count - rows.DistinctBy(row => row.Name).Count();
        var untold = rows.Count(row => !load.Acknowledged.ContainsKey(row.Name));
        FaultRun.Report(
            $"{fault}; {load}; rows {rows.Count}, events {rows.Sum(row => row.Events)}; acknowledged and missing {missing}, doubled {doubled}, "
            + $"stored but not acknowledged {untold}");

        load.Acknowledged.Count.ShouldBePositive();
        missing.ShouldBe(0, "acknowledged and missing");
        doubled.ShouldBe(0, "doubled");
        untold.ShouldBe(0, "stored but not acknowledged");
        rows.ShouldAllBe(row => row.Events == 1);
    }
}
