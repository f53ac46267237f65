using System.Net;
using System.Text.Json;

namespace Deployments.BrowserTests;

/// <summary>A project that no other test uses, filled through the API.</summary>
internal sealed class Project(ServiceProcess? service = null)
{
    private ServiceProcess Service => service ?? TestRun.Service;

    public string Id { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary>The member who sends the requests and visits the console.</summary>
    public string Subject { get; init; } = "tester";

    public Token Token => new(Id) { Subject = Subject };

    public static string ConsoleAddress(string path, ServiceProcess? service = null) => $"{(service ?? TestRun.Service).Address}console/{path}";

    /// <summary>Opens a browser that is signed in to the project.</summary>
    public async Task<Visit> VisitAsync(Microsoft.Playwright.BrowserNewContextOptions? options = null)
    {
        var visit = await TestRun.Browser.VisitAsync(options);
        await visit.SignInAsync(Token.ToString(), service);
        await visit.Page.WaitForURLAsync(ConsoleAddress("servers", service));
        return visit;
    }

    /// <summary>Creates a configuration, and returns its id.</summary>
    public async Task<string> CreateConfigAsync(object config) => (await SendAsync(HttpMethod.Post, "software_configs", config)).Id;

    public Task<string> CreateScriptAsync(string name, string script) => CreateConfigAsync(new { name, group = "script", config = script });

    /// <summary>Creates a deployment, and returns its id.</summary>
    public async Task<string> DeployAsync(object deployment) => (await SendAsync(HttpMethod.Post, "software_deployments", deployment)).Id;

    public Task<string> DeployAsync(string configId, string serverId) => DeployAsync(new { config_id = configId, server_id = serverId, action = "CREATE" });

    public Task DeployAllAsync(IEnumerable<object> deployments) =>
        SendAsync(HttpMethod.Post, "software_deployments/batch", new { software_deployments = deployments });

    public Task UpdateAsync(string id, object update) => SendAsync(HttpMethod.Put, $"software_deployments/{id}", update);

    public async Task<JsonElement> ReadAsync(string id) => (await SendAsync(HttpMethod.Get, $"software_deployments/{id}")).Deployment;

    public async Task<IReadOnlyList<JsonElement>> ListAsync() => (await SendAsync(HttpMethod.Get, "software_deployments")).Items;

    /// <summary>Makes the address of a server's agent.</summary>
    public async Task<string> CreateAgentAsync(string serverId) =>
        (await SendAsync(HttpMethod.Post, "agents", new { server_id = serverId })).Json.GetProperty("agent").GetProperty("metadata_url").GetString()!;

    public async Task<ApiResponse> SendAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = Requests.Make(method, $"/v1/{Id}/{path}", ("X-Auth-Token", Token.ToString()));
        request.Content = body is null ? null : Requests.Body(JsonSerializer.Serialize(body));
        using var response = await Service.Http.SendAsync(request);
        var read = await ApiResponse.ReadAsync(response);
        return read.Status is HttpStatusCode.OK or HttpStatusCode.NoContent ? read : throw new InvalidOperationException(read.Text);
    }
}
