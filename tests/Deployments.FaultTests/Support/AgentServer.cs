using System.Net;
using System.Text.Json;

namespace Deployments.FaultTests.Support;

/// <summary>One service, a proxy before it, and a server whose agent reaches the service through the proxy.</summary>
internal sealed class AgentServer : IAsyncDisposable
{
    public const string Server = "s";

    private readonly Postgres postgres;
    private readonly string token = new Token("faults") { Expires = DateTimeOffset.UtcNow.AddHours(8) }.ToString();
    private AgentProcess? process;
    private string address = string.Empty;

    private AgentServer(Postgres postgres, ServiceProcess service, Proxy proxy) => (this.postgres, Service, Proxy) = (postgres, service, proxy);

    public ServiceProcess Service { get; }

    /// <summary>Between the agent and the service.</summary>
    public Proxy Proxy { get; }

    public AgentFolder Folder { get; } = new();

    public AgentProcess Agent => process!;

    /// <param name="prepare">What its server has before.</param>
    public static async Task<AgentServer> StartAsync(Action<AgentFolder>? prepare = null)
    {
        var postgres = await Postgres.StartAsync();
        var service = await ServiceProcess.StartReadyAsync(new Dictionary<string, string>(Services.Settings(postgres.ConnectionString))
        {
            ["Deployments:AgentKeys:0"] = Convert.ToBase64String(new byte[32]),
        });
        var proxy = new Proxy(service.Address);
        proxy.Open();
        var server = new AgentServer(postgres, service, proxy);
        prepare?.Invoke(server.Folder);
        var created = await server.SendAsync(HttpMethod.Post, "agents", $$"""{"server_id": "{{Server}}"}""");
        var path = new Uri(created.Json.GetProperty("agent").GetProperty("metadata_url").GetString()!).AbsolutePath;
        server.address = new Uri(proxy.Address, path).ToString();
        server.StartAgent();
        return server;
    }

    /// <summary>Starts an agent, where none runs.</summary>
    public void StartAgent() => process = AgentProcess.Start(address, Folder);

    public async Task RestartAgentAsync()
    {
        await Agent.DisposeAsync();
        StartAgent();
    }

    /// <summary>Deploys a script, and returns the deployment's id.</summary>
    public async Task<string> DeployAsync(string script, object? inputs = null)
    {
        var config = (await SendAsync(HttpMethod.Post, "software_configs", JsonSerializer.Serialize(new { group = "script", config = script }))).Id;
        return (await SendAsync(
            HttpMethod.Post, "software_deployments", JsonSerializer.Serialize(new { config_id = config, server_id = Server, input_values = inputs }))).Id;
    }

    /// <summary>Deploys a script that appends a line to <c>log</c> as its first and only act, and returns the deployment's id.</summary>
    public Task<string> DeployLoggedAsync() => DeployAsync($"#!/bin/sh\necho \"$$ $0\" >>{Folder.FileOf("log")}\n");

    public async Task<JsonElement> ReadAsync(string id) => (await SendAsync(HttpMethod.Get, $"software_deployments/{id}")).Deployment;

    /// <summary>Waits for the outcome of a deployment: its status and what its script wrote to its standard error.</summary>
    public async Task<(string Status, string? Error)> WaitForOutcomeAsync(string id)
    {
        for (var attempts = 0; ; attempts++)
        {
            var deployment = (await SendAsync(HttpMethod.Get, $"software_deployments/{id}?wait=5")).Deployment;
            if (deployment.GetProperty("status").GetString() is not "IN_PROGRESS" and { } status)
            {
                return (status, deployment.GetProperty("output_values").GetProperty("deploy_stderr").GetString());
            }

            if (attempts > 12 || Agent.HasEnded)
            {
                throw new TimeoutException($"There is no outcome of {id}. The agent's log:\n{Agent.Log}");
            }
        }
    }

    /// <summary>How many outcomes were taken: one of each deployment at most.</summary>
    public Task<long> CountOutcomesAsync() => postgres.CountAsync("SELECT count(*) FROM deployment_events WHERE actor = 'agent'");

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }

        Folder.Dispose();
        await Proxy.DisposeAsync();
        await Service.DisposeAsync();
        await postgres.DisposeAsync();
    }

    private async Task<ApiResponse> SendAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = Requests.Make(method, $"/v1/faults/{path}", ("X-Auth-Token", token));
        request.Content = json is null ? null : Requests.Body(json);
        using var response = await Service.Http.SendAsync(request);
        var read = await ApiResponse.ReadAsync(response);
        return read.Status == HttpStatusCode.OK ? read : throw new InvalidOperationException(read.Text);
    }
}
