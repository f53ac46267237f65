using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>The agent's own program, from a deployment to its outcome.</summary>
public sealed class AgentProgramTests
{
    private const string CutMark = "output cut here";

    [Test]
    public async Task Script_gets_its_inputs_and_its_outputs_are_reported()
    {
        await using var server = await AgentServer.StartAsync();

        var id = await server.DeployAsync(
            new
            {
                group = "script",
                config = "#!/bin/bash\necho \"$name|$list|$count|$flag|$none|$given|$deploy_server_id\"\necho careful >&2\nprintf 'value\\n' >\"$heat_outputs_path.result\"\n",
                inputs = new object[]
                {
                    new { name = "name" }, new { name = "list", type = "Json" }, new { name = "count", type = "Number" },
                    new { name = "flag", type = "Boolean" }, new { name = "none" },
                },
                outputs = new[] { new { name = "result" }, new { name = "absent" } },
            },
            new { input_values = new { name = "a \"name\"\nof two lines", list = new[] { 1, 2 }, count = 3, flag = true, given = "too" } });
        var outcome = await server.WaitForOutcomeAsync(id);

        outcome.Status.ShouldBe("COMPLETE");
        outcome.Output.ShouldBe("a \"name\"\nof two lines|[1,2]|3|true||too|s\n");
        outcome.Error.ShouldBe("careful\n");
        outcome.Outputs.GetProperty("deploy_status_code").GetRawText().ShouldBe("0");
        outcome.Text("result").ShouldBe("value\n");
        outcome.Outputs.TryGetProperty("absent", out _).ShouldBeFalse();
    }

    [Test]
    public async Task Script_gets_an_input_whose_name_shells_do_not_take()
    {
        await using var server = await AgentServer.StartAsync();

        var id = await server.DeployScriptAsync(
            "#!/usr/bin/env python3\nimport os\nprint(os.environ['a-b'])\n", members: new { input_values = new Dictionary<string, string> { ["a-b"] = "value" } });

        (await server.WaitForOutcomeAsync(id)).Output.ShouldBe("value\n");
    }

    [Test]
    public async Task Script_that_fails_fails_its_deployment()
    {
        await using var server = await AgentServer.StartAsync();

        var outcome = await server.WaitForOutcomeAsync(await server.DeployScriptAsync("#!/bin/sh\necho why >&2\nexit 3\n"));

        outcome.Status.ShouldBe("FAILED");
        outcome.Reason.ShouldBe("deploy_status_code : Deployment exited with non-zero status code: 3");
        outcome.Error.ShouldBe("why\n");
    }

    [Test]
    public async Task Output_in_a_declared_error_output_fails_the_deployment()
    {
        await using var server = await AgentServer.StartAsync();

        var id = await server.DeployAsync(new
        {
            group = "script",
            config = "#!/bin/sh\nprintf broken >\"$heat_outputs_path.problem\"\n",
            outputs = new[] { new { name = "problem", error_output = true } },
        });

        (await server.WaitForOutcomeAsync(id)).Reason.ShouldBe("problem : broken");
    }

    [Test]
    public async Task Runs_follow_each_other_in_the_order_of_the_document()
    {
        await using var server = await AgentServer.StartAsync();
        await server.Process.KillAsync();
        var ids = new List<string>();
        foreach (var name in new[] { "c", "a", "b" })
        {
            ids.Add(await server.DeployScriptAsync($"#!/bin/sh\necho {name} begins >>{server.Folder.FileOf("log")}\nsleep 0.2\necho {name} ends >>{server.Folder.FileOf("log")}\n", name));
        }

        await server.RestartAsync();
        foreach (var id in ids)
        {
            (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
        }

        server.Folder.LinesOf("log").ShouldBe(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    }

    [Test]
    public async Task Run_is_run_once_across_restarts_and_again_when_it_is_another()
    {
        await using var server = await AgentServer.StartAsync();
        var script = $"#!/bin/sh\necho \"$value\" >>{server.Folder.FileOf("log")}\n";
        var id = await server.DeployScriptAsync(script, members: new { input_values = new { value = "first" } });
        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");

        (await server.Process.StopAsync()).ExitCode.ShouldBe(0);
        await server.RestartAsync();
        (await server.WaitForOutcomeAsync(await server.DeployScriptAsync("#!/bin/sh\n", "later"))).Status.ShouldBe("COMPLETE");
        server.Folder.LinesOf("log").ShouldBe(["first"]);

        (await server.Project.UpdateAsync(id, """{"input_values": {"value": "second"}, "status": "IN_PROGRESS"}""")).ShouldBeOk();
        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
        server.Folder.LinesOf("log").ShouldBe(["first", "second"]);
    }

    [Test]
    public async Task Neither_values_nor_addresses_are_logged_and_files_are_the_owners_alone()
    {
        await using var server = await AgentServer.StartAsync();
        var id = await server.DeployScriptAsync(
            $"#!/bin/sh\nfind \"$(dirname \"$0\")/../..\" -printf '%y %m\\n' | sort -u\nenv | grep -c {AgentProcess.AddressVariable}\necho \"$secret\"; echo \"$secret\" >&2; exit 1\n",
            members: new { input_values = new { secret = "not to be logged" } });

        var outcome = await server.WaitForOutcomeAsync(id);
        var log = (await server.Process.StopAsync()).Output;

        outcome.Output.ShouldBe("d 700\nf 600\nf 700\n0\nnot to be logged\n"); // 0700: the script itself
        log.ShouldContain("ended after");
        log.ShouldNotContain("not to be logged");
        log.ShouldNotContain("/agents/");
        log.ShouldNotContain("/signals/");
        log.ShouldNotContain(server.Address.Split('/')[^1]);
        Directory.EnumerateFileSystemEntries(Path.Combine(server.Folder.State, "work")).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(Path.Combine(server.Folder.State, "pending")).ShouldBeEmpty();
    }

    [Test]
    public async Task Files_of_a_run_stay_while_its_script_has_left_something_mounted_among_them()
    {
        await using var server = await AgentServer.StartAsync();

        var id = await server.DeployScriptAsync(
            "#!/bin/sh\nmkdir -p files/disk mounted\necho kept >files/disk/file\nmount --bind files/disk mounted && pwd\n");
        var outcome = await server.WaitForOutcomeAsync(id);
        if (outcome.Status != "COMPLETE")
        {
            Assert.Ignore("Only root can mount.");
        }

        var work = outcome.Output.Trim();
        try
        {
            await server.Process.WaitForLineAsync("its files are not deleted, since something is mounted in");
            (await File.ReadAllTextAsync(Path.Combine(work, "mounted", "file"))).ShouldBe("kept\n");
        }
        finally
        {
            using var unmount = System.Diagnostics.Process.Start("umount", Path.Combine(work, "mounted"));
            await unmount.WaitForExitAsync();
        }
    }

    [Test]
    public async Task Name_of_several_lines_is_logged_on_one()
    {
        await using var server = await AgentServer.StartAsync();

        var id = await server.DeployScriptAsync("#!/bin/sh\n", "first\nforged");

        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
        await server.Process.WaitForLineAsync("deployment 'first forged'");
    }

    [Test]
    public async Task Output_that_is_too_long_is_cut_in_the_middle()
    {
        await using var server = await AgentServer.StartAsync();

        var id = await server.DeployAsync(new
        {
            group = "script",
            config = "#!/bin/sh\necho first; yes ü | head -c 3000000; echo last\necho begin >&2; head -c 2000000 /dev/zero >&2; echo end >&2\nhead -c 5000000 /dev/zero | tr '\\0' '\"' >$heat_outputs_path.quotes\n",
            outputs = new[] { new { name = "quotes" } },
        });
        var outcome = await server.WaitForOutcomeAsync(id);

        outcome.Status.ShouldBe("COMPLETE", outcome.Reason);
        outcome.Output.ShouldStartWith("first\nü\n");
        outcome.Output.ShouldEndWith("ü\nlast\n");
        outcome.Output.ShouldContain(CutMark);
        outcome.Error.ShouldStartWith("begin\n");
        outcome.Error.ShouldEndWith("end\n");
        outcome.Text("quotes").ShouldContain(CutMark);
        Encoding.UTF8.GetByteCount(outcome.Output).ShouldBeGreaterThan(250_000); // a third of the room, in which a line feed takes two bytes
    }

    [Test]
    public async Task Background_process_that_keeps_the_output_open_holds_nothing_up()
    {
        await using var server = await AgentServer.StartAsync();

        var id = await server.DeployScriptAsync($"#!/bin/sh\necho before\n(while [ ! -e {server.Folder.FileOf("stop")} ]; do echo more; sleep 0.1; done; echo ok >{server.Folder.FileOf("end")}) &\n");

        var outcome = await server.WaitForOutcomeAsync(id);
        await File.WriteAllTextAsync(server.Folder.FileOf("stop"), string.Empty);
        outcome.Status.ShouldBe("COMPLETE");
        outcome.Output.ShouldStartWith("before\n");
        await server.Folder.WaitForFileAsync("end"); // it was not ended by writing to a closed pipe
    }

    [Test]
    public async Task Run_is_ended_with_all_its_processes_at_its_deadline_and_the_next_one_runs()
    {
        await using var server = await AgentServer.StartAsync();
        await server.WaitUntilItRunsAsync();

        var hanging = await server.DeployScriptAsync(
            $"#!/bin/sh\ntrap '' TERM\nsleep 1000 &\necho $! $$ >{server.Folder.FileOf("processes")}\nwait\nsleep 1000\n", "a", new { timeout = 4 });
        var next = await server.DeployScriptAsync("#!/bin/sh\n", "b");

        (await server.WaitForOutcomeAsync(next)).Status.ShouldBe("COMPLETE");
        (await server.WaitForOutcomeAsync(hanging)).ShouldHaveMissedItsDeadline(4);
        await server.Process.WaitForLineAsync("the run was ended at its deadline");
        var processes = (await server.Folder.WaitForFileAsync("processes")).Split().Where(text => text.Length > 0).Select(int.Parse);
        await Processes.WaitForEndAsync(processes);
    }

    [Test]
    public async Task Run_whose_deadline_has_passed_is_not_started()
    {
        await using var server = await AgentServer.StartAsync();
        await server.Process.KillAsync();
        var late = await server.DeployScriptAsync($"#!/bin/sh\necho late >>{server.Folder.FileOf("log")}\n", "a", new { timeout = 1 });
        (await server.WaitForOutcomeAsync(late)).Status.ShouldBe("FAILED");
        await server.WaitForDateAfterDeadlineAsync();
        var next = await server.DeployScriptAsync("#!/bin/sh\n", "b");

        await server.RestartAsync();

        (await server.WaitForOutcomeAsync(next)).Status.ShouldBe("COMPLETE");
        await server.Process.WaitForLineAsync("it is not started, since its deadline has passed");
        server.Folder.LinesOf("log").ShouldBeEmpty();
    }

    [Test]
    public async Task Script_has_time_to_end_when_the_agent_is_stopped()
    {
        await using var server = await AgentServer.StartAsync();
        var id = await server.DeployScriptAsync($"#!/bin/sh\necho ok >{server.Folder.FileOf("begun")}\nwhile [ ! -e {server.Folder.FileOf("go")} ]; do sleep 0.05; done\n");
        await server.Folder.WaitForFileAsync("begun");

        server.Process.Terminate();
        await File.WriteAllTextAsync(server.Folder.FileOf("go"), string.Empty);

        (await server.Process.WaitForExitAsync()).ExitCode.ShouldBe(0);
        (await server.WaitForOutcomeAsync(id)).Status.ShouldBe("COMPLETE");
    }

    [Test]
    public async Task Script_is_ended_and_reported_when_the_agent_gets_a_second_signal()
    {
        await using var server = await AgentServer.StartAsync();
        var id = await server.DeployScriptAsync($"#!/bin/sh\necho ok >{server.Folder.FileOf("begun")}\nexec sleep 1000\n");
        await server.Folder.WaitForFileAsync("begun");

        server.Process.Terminate();
        await server.Process.WaitForLineAsync("Stopping: no run is started any more");
        server.Process.Terminate();

        (await server.Process.WaitForExitAsync()).ExitCode.ShouldBe(0);
        (await server.WaitForOutcomeAsync(id)).Error.ShouldContain("the run was ended, since the agent was stopped");
    }

    [Test]
    public async Task Revoked_address_is_reported_in_the_log_and_the_next_one_goes_on_with_the_same_state()
    {
        await using var server = await AgentServer.StartAsync();
        (await server.WaitForOutcomeAsync(await server.DeployScriptAsync($"#!/bin/sh\necho once >>{server.Folder.FileOf("log")}\n", "a"))).Status.ShouldBe("COMPLETE");

        (await server.Project.RevokeAgentAsync("s")).ShouldBeGone();
        await server.Process.WaitForLineAsync("the address does not exist");
        (await server.Process.StopAsync()).ExitCode.ShouldBe(0);

        await server.RestartAsync((await Agent.CreateAsync(server.Project)).Address);
        (await server.WaitForOutcomeAsync(await server.DeployScriptAsync("#!/bin/sh\n", "b"))).Status.ShouldBe("COMPLETE");
        server.Folder.LinesOf("log").ShouldBe(["once"]);
    }

    [Test]
    public async Task Run_that_waits_is_not_started_after_the_agent_was_revoked()
    {
        await using var server = await AgentServer.StartAsync();
        await server.Process.KillAsync();
        // Longer than the second in which the agent does not ask again.
        await server.DeployScriptAsync($"#!/bin/sh\necho a >>{server.Folder.FileOf("log")}\nsleep 1.1\nwhile [ ! -e {server.Folder.FileOf("go")} ]; do sleep 0.05; done\n", "a");
        await server.DeployScriptAsync($"#!/bin/sh\necho b >>{server.Folder.FileOf("log")}\n", "b");
        await server.RestartAsync();
        await server.Folder.WaitForFileAsync("log");

        (await server.Project.RevokeAgentAsync("s")).ShouldBeGone();
        await File.WriteAllTextAsync(server.Folder.FileOf("go"), string.Empty);

        await server.Process.WaitForLineAsync("the address does not exist");
        (await server.Process.StopAsync()).ExitCode.ShouldBe(0);
        server.Folder.LinesOf("log").ShouldBe(["a"]);
    }

    [Test]
    public async Task Address_of_another_key_in_the_document_is_stored()
    {
        var project = new Project();
        var former = await Agent.CreateAsync(project);
        var keys = new Dictionary<string, string>(Token.SigningKeys)
        {
            ["Deployments:AgentKeys:0"] = Convert.ToBase64String(new byte[32]),
            ["Deployments:AgentKeys:1"] = Convert.ToBase64String(Service.AgentKey),
        };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, keys);
        var present = await Agent.CreateAsync(new Project(service, project.Id), service: service);
        using var folder = new AgentFolder();

        await using var agent = AgentProcess.Start(service.Address.GetLeftPart(UriPartial.Authority) + Agent.PathOf(former.Address), folder);

        await agent.WaitForLineAsync("The server has a new address");
        var stored = await File.ReadAllTextAsync(Path.Combine(folder.State, "metadata-url.json"));
        stored.ShouldContain(present.Mac);
        agent.Log.ShouldNotContain(present.Mac);
    }

    [Test]
    public async Task Response_that_is_no_document_is_reported_in_the_log()
    {
        using var folder = new AgentFolder();

        await using var agent = AgentProcess.Start($"{TestRun.Service.Address}openapi/v1.json", folder);

        await agent.WaitForLineAsync("the response is not an agent's document; check the address.");
        (await agent.StopAsync()).ExitCode.ShouldBe(0);
    }

    [Test]
    public async Task State_folder_that_cannot_be_written_ends_the_agent_with_1()
    {
        using var folder = new AgentFolder();
        await File.WriteAllTextAsync(folder.State, "a file");

        var result = await AgentProcess.RunAsync("http://127.0.0.1:1/agents/p/a/secret", folder);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldStartWith($"The state folder {folder.State} cannot be used: ");
        result.Error.ShouldNotContain("secret");
    }

    [Test]
    public async Task State_folder_of_an_agent_that_runs_ends_another_one_with_1()
    {
        await using var server = await AgentServer.StartAsync();
        await server.Process.WaitForLineAsync("Deployments agent");

        var result = await AgentProcess.RunAsync(server.Address, server.Folder);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldBe($"Another agent uses the state folder {server.Folder.State}.\n");
    }

    [TestCase(null, new string[0], "The server's address is missing")]
    [TestCase("ftp://secret", new string[0], "must be an http or https URL")]
    [TestCase("http://127.0.0.1:1", new[] { "--secret" }, "An option is unknown")]
    [TestCase("http://127.0.0.1:1", new[] { "--metadata-url" }, "--metadata-url needs a value")]
    [TestCase("http://127.0.0.1:1", new[] { "--state", "/tmp" }, "--state is given twice")]
    [TestCase(null, new[] { "--metadata-url=http://secret", "--metadata-url-file=/secret" }, "not both")]
    public async Task Command_line_that_is_wrong_ends_the_agent_with_2(string? address, string[] arguments, string reason)
    {
        using var folder = new AgentFolder();

        var result = await AgentProcess.RunAsync(address, folder, arguments);

        result.ExitCode.ShouldBe(2);
        result.Error.ShouldContain(reason);
        result.Error.ShouldNotContain("secret");
    }

    [Test]
    public async Task Address_is_read_from_a_file()
    {
        using var folder = new AgentFolder();
        var file = folder.FileOf("address");
        await File.WriteAllTextAsync(file, $"{TestRun.Service.Address}agents/p/a/secret\n");

        await using var agent = AgentProcess.Start(null, folder, "--metadata-url-file", file);

        await agent.WaitForLineAsync($"chmod 600 {file}");
        await agent.WaitForLineAsync("the address does not exist");
        (await AgentProcess.RunAsync(null, folder, "--metadata-url-file", "/none")).Error.ShouldStartWith("--metadata-url-file cannot be read: ");
    }
}
