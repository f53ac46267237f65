using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

public sealed class OverloadTests
{
    // A database so slow that a small machine can send ten times what the service can store, and still have time left: it is the database that
    // is overloaded. One sleep for all rows of a statement: a sleep for each would measure how late the machine wakes the database.
    private const string SlowRows =
        """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.005 * (SELECT count(*) FROM stored)); RETURN NULL; END $$;
        CREATE TRIGGER slow AFTER INSERT ON software_deployments
        REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION slow()
        """;

    [Test]
    public async Task Post_at_ten_times_the_capacity_sheds_with_429_or_503_and_stores_the_accepted_in_time()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        await postgres.ExecuteAsync(SlowRows);
        var capacity = await CapacityAsync(services);
        var before = services[0].Memory;

        var watching = services[0].MaxMemoryAsync(TestScale.Overload);
        var load = await OpenLoopLoad.RunAsync(services[0], 10 * capacity, TestScale.Overload);
        var max = await watching;

        await using var afterwards = ClosedLoopLoad.Start(services);
        var recovery = await afterwards.AcknowledgeAsync(1);
        await afterwards.StopAsync();

        var names = await postgres.ListAsync("SELECT config_id FROM software_deployments");
        var missing = load.Accepted.Keys.Except(names).Count();
        var duplicates = names.Count - names.Distinct().Count();
        FaultRun.Report(
            $"{capacity:F0}/s is the capacity, {10 * capacity:F0}/s for {TestScale.Overload.TotalSeconds} s: {load}; "
            + $"memory {before:F0} and at most {max:F0} MiB, recovery {recovery.TotalSeconds:F2} s; rows {names.Count}, "
            + $"accepted and missing {missing}, duplicates {duplicates}");
        missing.ShouldBe(0);
        duplicates.ShouldBe(0);
        load.Others.Keys.ShouldNotBeEmpty();
        load.Others.Keys.ShouldBeSubsetOf(["429", "503"]);
        load.Accepted.Count.ShouldBeGreaterThan((int)(capacity * TestScale.Overload.TotalSeconds / 2), "it sheds load, but keeps accepting");
        load.AcceptedPercentile99.ShouldBeLessThan(ServiceLevels.AcceptedUnderOverload);
        (max - before).ShouldBeLessThan(ServiceLevels.MemoryGrowthUnderOverload);
        recovery.ShouldBeLessThan(ServiceLevels.Recovery);
    }

    /// <summary>How many deployments a second the service stores for writers that wait for each response.</summary>
    private static async Task<double> CapacityAsync(Services services)
    {
        const int enough = 1_000;
        await using var load = ClosedLoopLoad.Start(services);
        await load.AcknowledgeAsync(enough);
        var time = await load.AcknowledgeAsync(enough);
        await load.StopAsync();
        return enough / time.TotalSeconds;
    }
}
