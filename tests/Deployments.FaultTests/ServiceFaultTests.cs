using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>Instances of the service end under load.</summary>
public sealed class ServiceFaultTests
{
    private const int BetweenFaults = 200;

    [Test]
    public async Task Post_while_instances_are_killed_leaves_no_deployment_missing_or_duplicate()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        await using var load = ClosedLoopLoad.Start(services);

        for (var kill = 0; kill < TestScale.Kills; kill++)
        {
            await load.AcknowledgeAsync(BetweenFaults);
            await services[kill % services.Count].KillAsync();
            await load.AcknowledgeAsync(BetweenFaults);
            await services[kill % services.Count].RestartAsync();
        }

        await load.StopAsync();
        await load.ShouldHoldAsync(postgres, $"{TestScale.Kills} kills");
        load.Broken.ShouldNotBeEmpty();
        load.Failed.ShouldBeEmpty();
    }

    [Test]
    public async Task Stop_with_SIGTERM_under_load_responds_to_every_request_that_was_sent()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        await using var load = ClosedLoopLoad.Start(services);
        var exitCodes = new List<int>();

        for (var stop = 0; stop < TestScale.Stops; stop++)
        {
            await load.AcknowledgeAsync(BetweenFaults);
            exitCodes.Add((await services[stop % services.Count].StopAsync()).ExitCode);
            await load.AcknowledgeAsync(BetweenFaults);
            await services[stop % services.Count].RestartAsync();
        }

        await load.StopAsync();
        await load.ShouldHoldAsync(postgres, $"{TestScale.Stops} stops with SIGTERM");
        exitCodes.ShouldAllBe(code => code == 0);
        load.Broken.ShouldBeEmpty();
        load.Unavailable.ShouldBe(0);
        load.Failed.ShouldBeEmpty();
    }
}
