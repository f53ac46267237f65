using System.Diagnostics;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>The agent's program is killed, cut off and out of disk: no outcome is lost, no run runs twice, and none is left hanging.</summary>
public sealed class AgentFaultTests
{
    private const string Interrupted = "the agent or the server stopped during this run";

    private static readonly TimeSpan LongestLife = TimeSpan.FromMilliseconds(700);

    /// <summary>The start is on the disk, and the script has not begun.</summary>
    [Test]
    public async Task Run_is_reported_as_failed_after_the_agent_was_killed_before_its_script()
    {
        await using var server = await AgentServer.StartAsync(folder => folder.WriteProgram(
            "setsid", $"#!/bin/sh\necho $$ >{folder.FileOf("starting")}\nexec sleep 1000\n"));

        var id = await server.DeployLoggedAsync();
        var starting = int.Parse(await server.Folder.WaitForFileAsync("starting"));
        await server.Agent.KillAsync();
        Processes.Send(Signal.Kill, starting);
        Directory.Delete(server.Folder.Programs, recursive: true);
        await server.RestartAgentAsync();

        var (status, error) = await server.WaitForOutcomeAsync(id);
        status.ShouldBe("FAILED");
        error.ShouldNotBeNull().ShouldContain(Interrupted);
        await ShouldHaveRunAsync(server, times: 0);
    }

    [Test]
    public async Task Run_is_ended_and_reported_as_failed_after_the_agent_was_killed_in_its_script()
    {
        await using var server = await AgentServer.StartAsync();
        var id = await server.DeployAsync(
            $"#!/bin/sh\necho run >>{server.Folder.FileOf("log")}\nsleep 1000 &\necho $$ $! >{server.Folder.FileOf("processes")}\nwait\n");
        var processes = (await server.Folder.WaitForFileAsync("processes")).Split().Where(text => text.Length > 0).Select(int.Parse).ToList();

        await server.Agent.KillAsync();
        processes.ShouldAllBe(process => Processes.StatOf(process).Length > 0);
        await server.RestartAgentAsync();

        var (status, error) = await server.WaitForOutcomeAsync(id);
        status.ShouldBe("FAILED");
        error.ShouldNotBeNull().ShouldContain(Interrupted);
        await Processes.WaitForEndAsync(processes);
        await ShouldHaveRunAsync(server, times: 1);
    }

    [Test]
    public async Task Outcome_is_reported_after_the_agent_was_killed_before_its_signal()
    {
        await using var server = await AgentServer.StartAsync();
        var id = await server.DeployAsync(
            $"#!/bin/sh\necho run >>{server.Folder.FileOf("log")}\nwhile [ ! -e {server.Folder.FileOf("go")} ]; do sleep 0.02; done\n");
        await server.Folder.WaitForFileAsync("log");
        server.Proxy.Close();
        await File.WriteAllTextAsync(server.Folder.FileOf("go"), string.Empty);
        await server.Agent.WaitForLineAsync("will be sent again");

        await server.Agent.KillAsync();
        server.Proxy.Open();
        await server.RestartAgentAsync();

        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
        await ShouldHaveRunAsync(server, times: 1);
    }

    [Test]
    public async Task Outcome_is_reported_once_after_the_agent_was_killed_before_the_response_to_its_signal()
    {
        await using var server = await AgentServer.StartAsync();
        server.Proxy.LoseResponseTo("PUT /signals/");
        var id = await server.DeployLoggedAsync();
        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
        await server.Agent.WaitForLineAsync("will be sent again");

        await server.Agent.KillAsync();
        await server.RestartAgentAsync();

        await server.Agent.WaitForLineAsync("its outcome is reported");
        (await server.CountOutcomesAsync()).ShouldBe(1);
        await ShouldHaveRunAsync(server, times: 1);
    }

    [Test]
    public async Task Runs_while_the_agent_is_killed_at_any_moment_run_once_at_most_and_all_have_an_outcome()
    {
        await using var server = await AgentServer.StartAsync();
        var deployed = new List<string>();
        for (var kill = 0; kill < TestScale.AgentKills; kill++)
        {
            deployed.Add(await server.DeployLoggedAsync());
            deployed.Add(await server.DeployAsync($"#!/bin/sh\necho \"$$ $0\" >>{server.Folder.FileOf("log")}\nsleep 0.2\n"));
            await Task.Delay(Random.Shared.NextDouble() * LongestLife); // the moment is the test
            await server.Agent.KillAsync();
            await server.RestartAgentAsync();
        }

        var outcomes = new List<(string Status, string? Error)>();
        foreach (var id in deployed)
        {
            outcomes.Add(await server.WaitForOutcomeAsync(id));
        }

        var failed = outcomes.Where(outcome => outcome.Status == "FAILED").ToList();
        failed.ShouldAllBe(outcome => outcome.Error!.Contains(Interrupted));
        var runs = server.Folder.LinesOf("log").Select(line => line.Split(' ')[1]).ToList();
        var lost = deployed.Count - await server.CountOutcomesAsync();
        var repeated = runs.Count - runs.Distinct().Count();
        FaultRun.Report(
            $"{TestScale.AgentKills} kills, {deployed.Count} runs, {runs.Count} scripts begun, {failed.Count} cut off and reported, outcomes lost {lost}, run twice {repeated}");
        (lost, repeated).ShouldBe((0, 0));
        runs.Count.ShouldBeGreaterThanOrEqualTo(deployed.Count - failed.Count);
    }

    [Test]
    public async Task Outcome_is_reported_after_the_network_was_cut_and_the_service_was_killed_during_the_script()
    {
        await using var server = await AgentServer.StartAsync();
        var id = await server.DeployAsync(
            $"#!/bin/sh\necho run >>{server.Folder.FileOf("log")}\nwhile [ ! -e {server.Folder.FileOf("go")} ]; do sleep 0.02; done\n");
        await server.Folder.WaitForFileAsync("log");

        server.Proxy.Close();
        await server.Service.KillAsync();
        await File.WriteAllTextAsync(server.Folder.FileOf("go"), string.Empty);
        await server.Agent.WaitForLineAsync("will be sent again");
        server.Proxy.Open(); // the network is back before the service
        await server.Service.RestartAsync();

        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
        (await server.WaitForOutcomeAsync(await server.DeployLoggedAsync())).Status.ShouldBe("COMPLETE");
        await ShouldHaveRunAsync(server, times: 2);
    }

    [Test]
    public async Task Runs_while_connections_break_at_random_run_once_and_all_are_reported()
    {
        await using var server = await AgentServer.StartAsync();
        server.Proxy.LosesOneIn = 5;
        var deployed = new List<string>();
        while (server.Proxy.LostStatements < TestScale.AgentCuts || server.Proxy.LostResponses < TestScale.AgentCuts)
        {
            deployed.Add(await server.DeployLoggedAsync());
            (await server.WaitForOutcomeAsync(deployed[^1])).Status.ShouldBe("COMPLETE");
        }

        var lost = deployed.Count - await server.CountOutcomesAsync();
        FaultRun.Report(
            $"{deployed.Count} runs, {server.Proxy.LostStatements} requests and {server.Proxy.LostResponses} responses lost, outcomes lost {lost}, scripts begun {server.Folder.LinesOf("log").Length}");
        lost.ShouldBe(0);
        await ShouldHaveRunAsync(server, times: deployed.Count);
    }

    [Test]
    public async Task Run_waits_for_room_on_the_disk_and_its_outcome_is_reported_without_any()
    {
        using var disk = SmallDisk.Mount();
        await using var server = await AgentServer.StartAsync(folder => Directory.CreateSymbolicLink(folder.State, disk.Folder));
        await server.Agent.WaitForLineAsync("Deployments agent");
        disk.Fill();

        var id = await server.DeployAsync($"#!/bin/sh\necho run >>{server.Folder.FileOf("log")}\nuntil [ -e {server.Folder.FileOf("go")} ]; do sleep 0.02; done\n");
        await server.Agent.WaitForLineAsync("it is not started yet, since that cannot be stored: No space left on device");
        server.Folder.LinesOf("log").ShouldBeEmpty();
        disk.Empty();
        await server.Folder.WaitForFileAsync("log");
        disk.Fill();
        await File.WriteAllTextAsync(server.Folder.FileOf("go"), string.Empty);

        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
        await server.Agent.KillAsync();
        disk.Empty();
        await server.RestartAgentAsync();
        (await server.WaitForOutcomeAsync(await server.DeployLoggedAsync())).Status.ShouldBe("COMPLETE");
        await ShouldHaveRunAsync(server, times: 2);
        (await server.ReadAsync(id)).GetProperty("status").GetString().ShouldBe("COMPLETE");
    }

    /// <summary>Another script has run to its end since: the agent had time to run one again that is listed before it.</summary>
    private static async Task ShouldHaveRunAsync(AgentServer server, int times)
    {
        (await server.WaitForOutcomeAsync(await server.DeployAsync("#!/bin/sh\n"))).Status.ShouldBe("COMPLETE");
        server.Folder.LinesOf("log").Length.ShouldBe(times);
    }

    /// <summary>A file system of a quarter of a MiB.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly CleanupWatchdog watchdog;

        private SmallDisk(string folder)
        {
            Folder = folder;
            watchdog = new CleanupWatchdog("""umount "$1" && rmdir "$1" """, folder);
        }

        public string Folder { get; }

        private string Filling => Path.Combine(Folder, "filling");

        public static SmallDisk Mount()
        {
            var folder = Directory.CreateTempSubdirectory("disk-").FullName;
            if (Run("mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", folder) != 0)
            {
                Directory.Delete(folder);
                Assert.Ignore("Only root can mount the small disk.");
            }

            return new SmallDisk(folder);
        }

        public void Fill()
        {
            using var file = File.Create(Filling, bufferSize: 0);
            try
            {
                while (true)
                {
                    file.Write(new byte[4096]);
                }
            }
            catch (IOException)
            {
                // It is full.
            }
        }

        public void Empty() => File.Delete(Filling);

        public void Dispose()
        {
            Run("umount", "-l", Folder);
            Directory.Delete(Folder);
            watchdog.Dispose();
        }

        private static int Run(string program, params string[] arguments)
        {
            using var process = Process.Start(program, arguments);
            process.WaitForExit();
            return process.ExitCode;
        }
    }
}
