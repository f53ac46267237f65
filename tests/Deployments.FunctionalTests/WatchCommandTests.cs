using System.Diagnostics;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The command <c>watch</c>, run as a program of its own.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WatchCommandTests
{
    private static readonly Dictionary<string, string> Production = new(PatientService.Settings) { ["DOTNET_ENVIRONMENT"] = "Production" };

    private readonly List<Process> started = [];

    /// <summary>Ends those that a failed test has left.</summary>
    [TearDown]
    public void KillStarted()
    {
        foreach (var watch in started)
        {
            watch.Kill();
            watch.Dispose();
        }
    }

    [TestCase("COMPLETE", 0)]
    [TestCase("FAILED", 1)]
    public async Task Watch_of_a_deployment_prints_its_lines_and_exits_with_how_it_ended(string status, int exitCode)
    {
        var project = new Project();
        var id = await CreateAsync(project);
        var watch = Start(project, TestRun.Service.Address, "--deployment", id);
        var first = await ReadAsync(watch);

        await project.CreateAsync(Project.Minimal);
        await project.UpdateAsync(id, """{"status_reason": "half\nway"}""");
        await project.UpdateAsync(id, $$"""{"status": "{{status}}", "status_reason": "done"}""");

        (await ReadAsync(watch), await ReadAsync(watch), await ReadAsync(watch)).ShouldBe(
            ($@"changed {id} a config on a server: IN_PROGRESS half\u000away", $"changed {id} a config on a server: {status} done", null));
        first.ShouldBe($"is      {id} a config on a server: IN_PROGRESS");
        (await EndAsync(watch)).ShouldBe((exitCode, ""));
    }

    [TestCase("COMPLETE", 0)]
    [TestCase("FAILED", 1)]
    public async Task Watch_of_a_deployment_that_has_ended_prints_it_and_exits(string status, int exitCode)
    {
        var project = new Project();
        var id = (await project.CreateAsync($$"""{"config_id": "a config", "server_id": "a server", "status": "{{status}}"}""")).Id;

        var watch = Start(project, TestRun.Service.Address, "--deployment", id);

        (await ReadAsync(watch), await ReadAsync(watch)).ShouldBe(($"is      {id} a config on a server: {status}", null));
        (await EndAsync(watch)).ShouldBe((exitCode, ""));
    }

    [Test]
    public async Task Watch_of_a_deployment_that_is_deleted_exits_with_2()
    {
        var project = new Project();
        var id = await CreateAsync(project);
        var watch = Start(project, TestRun.Service.Address, "--deployment", id);
        await ReadAsync(watch);

        await project.DeleteAsync(id);

        (await ReadAsync(watch), await ReadAsync(watch)).ShouldBe(($"deleted {id} a config on a server: IN_PROGRESS", null));
        (await EndAsync(watch)).ShouldBe((2, "watch: the deployment was deleted."));
    }

    [Test]
    public async Task Watch_of_a_deployment_that_is_terminated_exits_with_2_and_of_a_project_with_0()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var ofDeployment = Start(project, service.Address, "--deployment", await CreateAsync(project));
        var ofProject = Start(project, service.Address);
        await WaitUntilHeldAsync(service, 2);

        Processes.Send(Signal.Terminate, ofDeployment.Id);
        Processes.Send(Signal.Terminate, ofProject.Id);

        (await EndAsync(ofDeployment)).ShouldBe((2, "watch: terminated before the deployment had ended."));
        (await EndAsync(ofProject)).ShouldBe((0, ""));
    }

    [Test]
    public async Task Watch_with_a_server_prints_only_the_deployments_of_that_server()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var watch = Start(project, service.Address, "--server", "rack 1&2");
        await WaitUntilHeldAsync(service);

        await project.CreateAsync(Project.Minimal);
        var id = (await project.CreateAsync("""{"config_id": "a config", "server_id": "rack 1&2"}""")).Id;

        (await ReadAsync(watch)).ShouldBe($"created {id} a config on rack 1&2: IN_PROGRESS");
        Processes.Send(Signal.Terminate, watch.Id);
        (await ReadAsync(watch)).ShouldBeNull();
    }

    [Test]
    public async Task Watch_prints_every_event_once_over_a_restart_of_the_service()
    {
        var project = new Project();
        var id = await CreateAsync(project);
        await using var service = await ServiceProcess.StartReadyAsync(new Dictionary<string, string>(Production.Concat(Token.IssuerSettings))
        {
            ["ConnectionStrings:Deployments"] = TestRun.ConnectionString,
        });
        var watch = Start(project, service.Address, "--deployment", id);
        await ReadAsync(watch);
        await project.UpdateAsync(id, """{"status_reason": "before"}""");
        var before = await ReadAsync(watch);

        await service.KillAsync();
        await project.UpdateAsync(id, """{"status_reason": "meanwhile"}""");
        await service.RestartAsync();
        await project.UpdateAsync(id, """{"status": "COMPLETE", "status_reason": "after"}""");

        before.ShouldBe($"changed {id} a config on a server: IN_PROGRESS before");
        (await ReadAsync(watch), await ReadAsync(watch), await ReadAsync(watch)).ShouldBe(
            ($"changed {id} a config on a server: IN_PROGRESS meanwhile", $"changed {id} a config on a server: COMPLETE after", null));
        var (exitCode, error) = await EndAsync(watch);
        exitCode.ShouldBe(0, error);
        error.ShouldBeOneOf("", $"Trying again: Connection refused ({service.Address.Authority})");
    }

    [Test]
    public async Task Watch_that_is_refused_prints_why_and_exits_with_2()
    {
        var project = new Project();
        var absent = Guid.NewGuid();

        var missing = Start(project, TestRun.Service.Address, "--deployment", $"{absent}");
        var badToken = Start(project, TestRun.Service.Address, "nonsense");
        var otherProject = Start(new Project(), TestRun.Service.Address, $"{project.Token}");
        using var noToken = ServiceProcess.StartCommand(Production, "watch", "--project", project.Id, "--url", $"{TestRun.Service.Address}");

        ShouldMatch(await EndAsync(missing), 2, $"^watch: 404: .*{absent}");
        ShouldMatch(await EndAsync(badToken), 2, "^watch: 401: ");
        ShouldMatch(await EndAsync(otherProject), 2, "^watch: 403: ");
        ShouldMatch(await EndAsync(noToken), 2, "^watch: DEPLOYMENTS_TOKEN must have a token");
    }

    [Test]
    public async Task Watch_of_a_service_that_cannot_be_reached_at_the_start_prints_why_and_exits_with_3()
    {
        var address = new Uri($"http://127.0.0.1:{Ports.Free()}");

        var watch = Start(new Project(), address);

        (await EndAsync(watch)).ShouldBe((3, $"watch: the service at {address} cannot be reached: Connection refused ({address.Authority})"));
    }

    [TestCase("Required argument missing", "--project")]
    [TestCase("--deployment must be the id of a deployment, a UUID.", "--project", "a", "--deployment", "7")]
    [TestCase("--url must be an address", "--project", "a", "--url", "localhost:5000")]
    public async Task Watch_with_invalid_arguments_prints_the_mistake_and_the_usage_and_exits_with_2(string mistake, params string[] arguments)
    {
        var ended = await ServiceProcess.RunAsync(Production, ["watch", .. arguments]);

        ended.ExitCode.ShouldBe(2);
        ended.Error.ShouldContain(mistake);
        ended.Error.ShouldContain("--deployment <ID>");
    }

    /// <summary>Creates a deployment and waits until its event can be read: as long as an older transaction is open, it comes after now.</summary>
    private static async Task<string> CreateAsync(Project project)
    {
        var id = (await project.CreateAsync(Project.Minimal)).Id;
        (await project.ReadFeedAsync("?wait=50")).Items.ShouldHaveSingleItem();
        return id;
    }

    private Process Start(Project project, Uri address, params string[] options)
    {
        var (token, rest) = options is [var given and not ['-', ..], .. var others] ? (given, others) : ($"{project.Token}", options);
        var watch = ServiceProcess.StartCommand(
            new Dictionary<string, string>(Production) { ["DEPLOYMENTS_TOKEN"] = token }, ["watch", "--project", project.Id, "--url", $"{address}", .. rest]);
        started.Add(watch);
        return watch;
    }

    /// <summary>A line without its time; null at the end.</summary>
    private static async Task<string?> ReadAsync(Process watch)
    {
        var line = await watch.StandardOutput.ReadLineAsync().WaitAsync(Service.Timeout);
        line?[..9].ShouldMatch(@"^\d\d:\d\d:\d\d $");
        return line?[9..];
    }

    private static async Task<(int ExitCode, string Error)> EndAsync(Process watch)
    {
        try
        {
            var error = await watch.StandardError.ReadToEndAsync().WaitAsync(Service.Timeout);
            await watch.WaitForExitAsync().WaitAsync(Service.Timeout);
            return (watch.ExitCode, error.TrimEnd());
        }
        finally
        {
            watch.Kill();
        }
    }

    private static void ShouldMatch((int ExitCode, string Error) ended, int exitCode, string error)
    {
        ended.ExitCode.ShouldBe(exitCode, ended.Error);
        ended.Error.Split('\n').ShouldHaveSingleItem().ShouldMatch(error);
    }

    private static async Task WaitUntilHeldAsync(Service service, int count = 1)
    {
        for (var waited = Stopwatch.StartNew(); service.Waiting < count; await Task.Delay(10))
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
        }
    }
}
