using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

public sealed class OverloadTests
{
    // A database so slow that a small machine has enough left to offer ten times what the service can carry.
    private const string SlowRows =
        """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN new; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON software_deployments FOR EACH ROW EXECUTE FUNCTION slow()
        """;

    [Test]
    public async Task What_is_too_much_is_refused_and_what_is_accepted_is_stored_in_time()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        await postgres.ExecuteAsync(SlowRows);
        var capacity = await CapacityAsync(services);
        var before = services[0].Memory;

        var watching = services[0].MaxMemoryAsync(TestScale.Overload);
        var flood = await OpenLoopLoad.RunAsync(services[0], 10 * capacity, TestScale.Overload);
        var most = await watching;

        await using var load = ClosedLoopLoad.Start(services);
        var recovery = await load.AcknowledgeAsync(1);
        await load.StopAsync();

        var names = await postgres.ListAsync("SELECT config_id FROM software_deployments");
        var missing = flood.Accepted.Keys.Except(names).Count();
        var doubled = names.Count - names.Distinct().Count();
        FaultRun.Report(
            $"{capacity:F0}/s can be carried, {10 * capacity:F0}/s for {TestScale.Overload.TotalSeconds} s: {flood}; "
            + $"memory {before:F0} and at most {most:F0} MiB, recovery {recovery.TotalSeconds:F2} s; rows {names.Count}, "
            + $"accepted and missing {missing}, doubled {doubled}");
        missing.ShouldBe(0);
        doubled.ShouldBe(0);
        flood.Others.Keys.ShouldNotBeEmpty();
        flood.Others.Keys.ShouldBeSubsetOf(["429", "503"]);
        flood.Accepted.Count.ShouldBeGreaterThan((int)(capacity * TestScale.Overload.TotalSeconds / 2), "it refuses, but does not cease");
        flood.AcceptedPercentile99.ShouldBeLessThan(ServiceLevels.AcceptedUnderOverload);
        (most - before).ShouldBeLessThan(ServiceLevels.MemoryGrowthUnderOverload);
        recovery.ShouldBeLessThan(ServiceLevels.Recovery);
    }

    /// <summary>How many deployments a second the service takes from writers who wait for their answers.</summary>
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
