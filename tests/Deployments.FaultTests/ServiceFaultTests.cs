using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>Instances of the service go away under load.</summary>
public sealed class ServiceFaultTests
{
    private const int BetweenFaults = 200;

    [Test]
    public async Task Killed_instances_lose_and_double_nothing()
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
    public async Task An_instance_that_is_asked_to_end_answers_what_it_has_been_sent()
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
        await load.ShouldHoldAsync(postgres, $"{TestScale.Stops} times SIGTERM");
        exitCodes.ShouldAllBe(code => code == 0);
        load.Broken.ShouldBeEmpty();
        load.Unavailable.ShouldBe(0);
        load.Failed.ShouldBeEmpty();
    }
}
