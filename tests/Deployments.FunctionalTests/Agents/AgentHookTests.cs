using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests.Agents;

/// <summary>Hooks of the agent's own program, by heat-agents' protocol, and configurations that cannot be run.</summary>
public sealed class AgentHookTests
{
    private const string Python = """
        #!/usr/bin/env python3
        import json, sys
        run = json.load(sys.stdin)
        inputs = {given["name"]: given["value"] for given in run["inputs"]}
        print("log", inputs, file=sys.stderr)
        json.dump({"result": [run["config"], run["group"], run["options"], inputs["text"], inputs["number"], run["creation_time"] is not None],
                   "deploy_stdout": "done", "deploy_status_code": 0, "undeclared": 1}, sys.stdout)
        """;

    [Test]
    public async Task Hook_in_another_language_reads_the_run_and_reports_by_heat_agents_protocol()
    {
        await using var server = await AgentServer.StartAsync(folder => folder.WriteHook("python", Python));

        var id = await server.DeployAsync(
            new
            {
                group = "python",
                config = new { any = "value" },
                options = new { mode = 1 },
                inputs = new object[] { new { name = "text" }, new { name = "number", type = "Number" } },
                outputs = new[] { new { name = "result" } },
            },
            new { input_values = new { text = 7, number = 8 } });
        var outcome = await server.WaitForOutcomeAsync(id);

        outcome.Status.ShouldBe("COMPLETE", outcome.Outputs.GetRawText());
        outcome.Outputs.GetProperty("result").GetRawText().ShouldBe("""[{"any":"value"},"python",{"mode":1},"7",8,true]""");
        outcome.Output.ShouldBe("done");
        outcome.Outputs.GetProperty("deploy_stderr").GetRawText().ShouldBe("null"); // it has the inputs
        outcome.Outputs.TryGetProperty("undeclared", out _).ShouldBeFalse();
    }

    [Test]
    public async Task Hook_that_does_not_read_its_input_reports_too()
    {
        await using var server = await AgentServer.StartAsync(folder => folder.WriteHook("bash", "#!/bin/bash\necho '{\"deploy_status_code\": 4}'\n"));

        var outcome = await server.WaitForOutcomeAsync(await server.DeployAsync(new { group = "bash", config = new string('x', 300_000) }));

        outcome.Reason.ShouldBe("deploy_status_code : Deployment exited with non-zero status code: 4");
    }

    [Test]
    public async Task Hook_that_fails_reports_what_it_printed_and_its_exit_code()
    {
        await using var server = await AgentServer.StartAsync(
            folder => folder.WriteHook("h", "#!/bin/sh\necho '{\"deploy_stdout\": \"told\"}'; echo why >&2; exit 5\n"));

        var outcome = await server.WaitForOutcomeAsync(await server.DeployAsync(new { group = "h", config = "" }));

        outcome.Reason.ShouldBe("deploy_status_code : Deployment exited with non-zero status code: 5");
        outcome.Output.ShouldBe("told");
        outcome.Error.ShouldBe("why\n");
    }

    [TestCase("echo done", 1, "the hook did not print a JSON object; its exit code is 0.")]
    [TestCase("echo '[1]'", 1, "the hook did not print a JSON object; its exit code is 0.")]
    [TestCase("echo '{\"a\": 1'; exit 7", 7, "the hook did not print a JSON object; its exit code is 7.")]
    [TestCase("true", 1, "the hook printed nothing, where a JSON object is expected; its exit code is 0.")]
    [TestCase("kill -9 $$", 137, "the hook printed nothing, where a JSON object is expected; its exit code is 137.")]
    [TestCase("yes | head -c 10485760", 1, "the hook did not print a JSON object; its exit code is 0.")]
    [TestCase("yes | head -c 20971520", 1, "the hook printed more than 16777216 bytes.")]
    public async Task Hook_that_prints_no_JSON_object_fails_its_deployment(string command, int statusCode, string reason)
    {
        await using var server = await AgentServer.StartAsync(folder => folder.WriteHook("h", $"#!/bin/bash\n{command}\n"));

        var outcome = await server.WaitForOutcomeAsync(await server.DeployAsync(new { group = "h", config = "" }));

        outcome.Reason.ShouldBe($"deploy_status_code : Deployment exited with non-zero status code: {statusCode}");
        outcome.Error.ShouldBe($"deployments-agent: {reason}\n");
        await server.Process.WaitForLineAsync(reason.TrimEnd('.'));
    }

    [Test]
    public async Task Hook_that_prints_10_MiB_of_JSON_is_reported_with_its_longest_value_cut()
    {
        await using var server = await AgentServer.StartAsync(folder => folder.WriteHook(
            "h", "#!/usr/bin/env python3\nimport json\nprint(json.dumps({'result': 'first' + 'x' * 10485760 + 'last', 'short': 'whole', 'deploy_status_code': 0}))\n"));

        var outcome = await server.WaitForOutcomeAsync(
            await server.DeployAsync(new { group = "h", config = "", outputs = new[] { new { name = "result" }, new { name = "short" } } }));

        outcome.Status.ShouldBe("COMPLETE");
        outcome.Text("short").ShouldBe("whole");
        outcome.Text("result").Length.ShouldBeInRange(1_040_000, 1_048_576);
        outcome.Text("result").ShouldStartWith("firstx");
        outcome.Text("result").ShouldEndWith("xlast");
    }

    [Test]
    public async Task Hook_that_prints_half_of_a_character_is_reported_with_a_replacement_for_it()
    {
        await using var server = await AgentServer.StartAsync(folder => folder.WriteHook(
            "h", """
                #!/bin/sh
                cat <<'END'
                {"\udcff": 1, "deploy_stdout": "\udcff \ud83d \ud83d\ude00 \\udcff", "deploy_status_code": 0}
                END

                """));

        var outcome = await server.WaitForOutcomeAsync(await server.DeployAsync(new { group = "h", config = "" }));

        outcome.Status.ShouldBe("COMPLETE", outcome.Outputs.GetRawText());
        outcome.Output.ShouldBe("\ufffd \ufffd \U0001f600 \\udcff");
    }

    [Test]
    public async Task Hook_that_hangs_is_ended_at_its_deadline()
    {
        await using var server = await AgentServer.StartAsync(
            folder => folder.WriteHook("h", $"#!/bin/sh\necho $$ >{folder.FileOf("process")}\nsleep 1000\n"));

        await server.WaitUntilItRunsAsync();
        var id = await server.DeployAsync(new { group = "h", config = "", name = "a" }, new { timeout = 4 });
        (await server.WaitForOutcomeAsync(await server.DeployScriptAsync("#!/bin/sh\n", "b"))).Status.ShouldBe("COMPLETE");

        (await server.WaitForOutcomeAsync(id)).ShouldHaveMissedItsDeadline(4);
        await server.Process.WaitForLineAsync("the run was ended at its deadline");
        await Processes.WaitForEndAsync([int.Parse(await server.Folder.WaitForFileAsync("process"))]);
    }

    [TestCase("missing", 127, "there is no hook for the group 'missing' in ")]
    [TestCase("../files/outside", 127, "there is no hook for the group '../files/outside' in ")]
    [TestCase("plain", 126, "is not executable.")]
    [TestCase(null, 127, "there is no hook for the group 'Heat::Ungrouped' in ")]
    public async Task Group_without_a_usable_hook_fails_its_deployment(string? group, int statusCode, string reason)
    {
        await using var server = await AgentServer.StartAsync(folder =>
        {
            folder.WriteHook("plain", "#!/bin/sh\necho '{}'\n", isExecutable: false);
            File.Copy("/bin/true", folder.FileOf("outside"));
        });

        var outcome = await server.WaitForOutcomeAsync(await server.DeployAsync(new { group, config = "" }));

        outcome.Reason.ShouldBe($"deploy_status_code : Deployment exited with non-zero status code: {statusCode}");
        outcome.Error.ShouldContain(reason);
    }

    [TestCase("echo no first line", 126, "the configuration does not begin with #!")]
    [TestCase("", 126, "the configuration does not begin with #!")]
    [TestCase("#!/no/such/program\n", 127, "No such file or directory")]
    [TestCase("#!/bin/sh\nkill -9 $$", 137, "")]
    public async Task Script_that_cannot_be_run_fails_its_deployment(string script, int statusCode, string reason)
    {
        await using var server = await AgentServer.StartAsync();

        var outcome = await server.WaitForOutcomeAsync(await server.DeployScriptAsync(script));

        outcome.Reason.ShouldBe($"deploy_status_code : Deployment exited with non-zero status code: {statusCode}");
        outcome.Error.ShouldContain(reason);
    }

    [Test]
    public async Task Script_whose_configuration_or_inputs_are_not_those_of_one_fails_its_deployment()
    {
        await using var server = await AgentServer.StartAsync();

        var map = await server.DeployAsync(new { group = "script", config = new { a = 1 } });
        var name = await server.DeployScriptAsync("#!/bin/sh\n", members: new { input_values = new Dictionary<string, string> { ["a=b"] = "c" } });
        var large = await server.DeployScriptAsync("#!/bin/sh\n", members: new { input_values = new { large = new string('x', 200_000) } });

        (await server.WaitForOutcomeAsync(map)).Error.ShouldContain("the configuration is not a text");
        (await server.WaitForOutcomeAsync(name)).Error.ShouldContain("the input 'a=b' cannot be an environment variable");
        (await server.WaitForOutcomeAsync(large)).Error.ShouldContain("it cannot be run: ");
    }
}
