using System.Globalization;
using System.Text.Json;
using Shouldly;

namespace Deployments.FunctionalTests.Support;

/// <summary>A server of a project, on which the agent's program runs.</summary>
internal sealed class AgentServer : IAsyncDisposable
{
    private AgentServer(string address, AgentFolder folder)
    {
        (Address, Folder) = (address, folder);
        Process = AgentProcess.Start(address, folder);
    }

    public Project Project { get; private init; } = null!;

    public string Address { get; }

    public AgentFolder Folder { get; }

    public AgentProcess Process { get; private set; }

    /// <summary>Starts the agent.</summary>
    /// <param name="prepare">What its server has before, hooks for example.</param>
    public static async Task<AgentServer> StartAsync(Action<AgentFolder>? prepare = null)
    {
        var project = new Project();
        var agent = await Agent.CreateAsync(project);
        var folder = new AgentFolder();
        prepare?.Invoke(folder);
        return new AgentServer(agent.Address, folder) { Project = project };
    }

    /// <summary>Starts another agent on the server, after the former one has ended.</summary>
    public async Task RestartAsync(string? address = null)
    {
        await Process.DisposeAsync();
        Process = AgentProcess.Start(address ?? Address, Folder);
    }

    /// <summary>Deploys a configuration, and returns the deployment's id.</summary>
    /// <param name="config">The members of the configuration.</param>
    /// <param name="members">Further members of the deployment.</param>
    public async Task<string> DeployAsync(object config, object? members = null)
    {
        var id = (await Project.CreateConfigAsync(JsonSerializer.Serialize(config))).Id;
        var deployment = JsonSerializer.SerializeToNode(members ?? new { })!.AsObject();
        (deployment["config_id"], deployment["server_id"]) = (id, "s");
        return (await Project.CreateAsync(deployment.ToJsonString())).Id;
    }

    /// <summary>Deploys a script, and returns the deployment's id.</summary>
    public Task<string> DeployScriptAsync(string script, string? name = null, object? members = null) =>
        DeployAsync(new { group = "script", config = script, name }, members);

    /// <summary>Waits for the outcome of a deployment.</summary>
    public async Task<AgentOutcome> WaitForOutcomeAsync(string id)
    {
        for (var attempts = 0; ; attempts++)
        {
            var deployment = (await Project.GetAsync($"{id}?wait=5")).Deployment;
            var status = deployment.GetProperty("status").GetString()!;
            if (status != "IN_PROGRESS")
            {
                return new AgentOutcome(status, deployment.GetProperty("status_reason").GetString()!, deployment.GetProperty("output_values"));
            }

            if (attempts > 12 || Process.HasEnded)
            {
                throw new TimeoutException($"There is no outcome. The agent's log:\n{Process.Log}");
            }
        }
    }

    /// <summary>Waits until the agent has run a script, so that it starts the next one at once, however slowly it started itself.</summary>
    public async Task WaitUntilItRunsAsync() => await WaitForOutcomeAsync(await DeployScriptAsync("#!/bin/sh\n"));

    /// <summary>
    /// Waits until the service's <c>Date</c>, by which the agent knows its time, is past the deadline of the only run: it has whole seconds,
    /// and is renewed once a second, so it can be two seconds late.
    /// </summary>
    public async Task WaitForDateAfterDeadlineAsync()
    {
        var agent = new Agent(TestRun.Service, Address);
        while (true)
        {
            var document = (await agent.ReadAsync()).ShouldBeOk();
            var run = document.Json.GetProperty("deployments").EnumerateArray().Single();
            if (DateTimeOffset.Parse(document.Headers["Date"], CultureInfo.InvariantCulture) >= run.GetProperty("deadline").GetDateTimeOffset())
            {
                return;
            }

            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        Folder.Dispose();
    }
}

/// <summary>What came of a deployment.</summary>
internal sealed record AgentOutcome(string Status, string Reason, JsonElement Outputs)
{
    public string Error => Text("deploy_stderr");

    public string Output => Text("deploy_stdout");

    public string Text(string name) => Outputs.GetProperty(name).GetString()!;

    /// <summary>Checks that the deadline failed it: the service, or the agent if its report arrives before the service looks.</summary>
    public void ShouldHaveMissedItsDeadline(int seconds)
    {
        Status.ShouldBe("FAILED");
        Reason.ShouldBeOneOf($"Timed out after {seconds} s", "deploy_status_code : Deployment exited with non-zero status code: 124");
    }
}
