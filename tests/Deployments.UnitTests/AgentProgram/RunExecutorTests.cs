extern alias agent;

using System.Text.Json;
using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class RunExecutorTests
{
    private readonly ManualClock clock = new();
    private DirectoryInfo folder = null!;
    private RunJournal journal = null!;
    private RunExecutor executor = null!;

    [SetUp]
    public void Prepare()
    {
        folder = Directory.CreateTempSubdirectory();
        journal = RunJournal.Open(folder.FullName);
        executor = new RunExecutor(folder.FullName, journal, new ServiceClock(clock), clock, _ => { }, CancellationToken.None);
    }

    [TearDown]
    public void CleanUp()
    {
        journal.Dispose();
        folder.Delete(recursive: true);
    }

    [Test]
    public async Task Run_without_a_configuration_is_not_executable()
    {
        var outcome = await executor.RunAsync(Parse("""{"group": "script", "inputs": [{"name": "a"}]}"""));

        outcome.Summary.ShouldStartWith("the configuration does not begin with #!");
    }

    [Test]
    public async Task Run_with_half_of_a_character_in_an_input_gets_a_replacement_for_it()
    {
        var outcome = await executor.RunAsync(Parse("""{"group": "script", "config": "#!/bin/sh\necho \"$a\"\n", "inputs": [{"name": "a", "value": "\udcff"}]}"""));

        JsonElement.Parse(outcome.Body).GetProperty(Report.Output).GetString().ShouldBe("\ufffd\n");
    }

    [Test]
    public async Task Run_whose_options_cannot_be_written_is_reported_with_the_kind_of_the_failure()
    {
        File.Copy("/bin/true", Path.Combine(folder.FullName, "h"));

        var outcome = await executor.RunAsync(Parse("""{"group": "h", "options": "\udcff"}"""));

        outcome.Summary.ShouldStartWith("it cannot be run: ");
        JsonElement.Parse(outcome.Body).GetProperty(Report.StatusCode).GetInt32().ShouldBe(Report.NotExecutable);
    }

    [Test]
    public async Task Run_that_ended_before_its_deadline_is_reported_so_though_its_output_was_open_beyond_it()
    {
        var file = Path.Combine(folder.FullName, "process");
        var script = JsonEncodedText.Encode($"#!/bin/sh\n(echo $$ >{file}.new; mv {file}.new {file}; exec sleep 3) &\n").ToString();
        var deadline = clock.GetUtcNow().AddMinutes(1).ToString("O");

        var running = executor.RunAsync(Parse($$"""{"group": "script", "config": "{{script}}", "deadline": "{{deadline}}"}"""));
        while (!File.Exists(file))
        {
            await Task.Delay(1);
        }

        var process = int.Parse(File.ReadAllText(file));
        while (Directory.Exists($"/proc/{process}"))
        {
            await Task.Delay(1);
        }

        clock.Move(TimeSpan.FromMinutes(2));

        (await running).Summary.ShouldBe("exit code 0");
    }

    private static DeploymentRun Parse(string members) =>
        JsonSerializer.Deserialize($$"""{"id": "{{Guid.NewGuid()}}", {{members.TrimStart()[1..]}}""", AgentJson.Default.DeploymentRun)!;
}
