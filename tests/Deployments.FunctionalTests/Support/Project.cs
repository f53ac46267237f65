namespace Deployments.FunctionalTests.Support;

/// <summary>A project that no other test uses, and its member who sends requests.</summary>
internal sealed class Project(Service? service = null, string? id = null)
{
    /// <summary>The smallest body that creates a deployment.</summary>
    public const string Minimal = """{"config_id": "a config", "server_id": "a server"}""";

    private readonly Service service = service ?? TestRun.Service;

    public string Id { get; } = id ?? Guid.NewGuid().ToString("N");

    public string Path => $"/v1/{Id}/software_deployments";

    public string ConfigsPath => $"/v1/{Id}/software_configs";

    public Token Token => new(Id);

    public Task<ApiResponse> CreateAsync(string json, params (string Name, string Value)[] headers) => CreateAsync(Requests.Body(json), headers);

    /// <param name="body">What is sent, null for nothing at all.</param>
    /// <param name="headers">Beside the token's.</param>
    public Task<ApiResponse> CreateAsync(HttpContent? body, params (string Name, string Value)[] headers) =>
        PostAsync(body, [("X-Auth-Token", Token.ToString()), .. headers]);

    public Task<ApiResponse> CreateAsAsync(Token token) => CreateAsAsync(token.ToString());

    public Task<ApiResponse> CreateAsAsync(string token) => PostAsync(Requests.Body(Minimal), ("X-Auth-Token", token));

    /// <param name="body">What is sent, null for nothing at all.</param>
    /// <param name="headers">All of them, a token's included.</param>
    public Task<ApiResponse> PostAsync(HttpContent? body, params (string Name, string Value)[] headers)
    {
        var request = Requests.Make(HttpMethod.Post, Path, headers);
        request.Content = body;
        return service.SendAsync(request);
    }

    public Task<ApiResponse> GetAsync(string id, Token? token = null, params (string Name, string Value)[] headers) =>
        service.GetAsync($"{Path}/{id}", [("X-Auth-Token", (token ?? Token).ToString()), .. headers]);

    /// <summary>Creates a minimal deployment that is shared with a second project.</summary>
    public Task<ApiResponse> CreateSharedAsync(Project second) => CreateAsync(
        $$"""{"config_id": "a config", "server_id": "a server", "stack_user_project_id": "{{second.Id}}"}""");

    /// <param name="deployments">The JSON of each deployment.</param>
    /// <param name="headers">Beside the token's.</param>
    public Task<ApiResponse> CreateBatchAsync(IEnumerable<string> deployments, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, $"{Path}/batch", $$"""{"software_deployments": [{{string.Join(',', deployments)}}]}""", headers);

    /// <param name="query">With its question mark, or nothing.</param>
    public Task<ApiResponse> ListAsync(string query = "") => SendAsync(HttpMethod.Get, Path + query);

    public Task<ApiResponse> UpdateAsync(string id, string json, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Put, $"{Path}/{id}", json, headers);

    public Task<ApiResponse> DeleteAsync(string id, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Delete, $"{Path}/{id}", null, headers);

    public Task<ApiResponse> ListEventsAsync(string id) => SendAsync(HttpMethod.Get, $"{Path}/{id}/events");

    /// <param name="serverId">Encoded as in the path.</param>
    public Task<ApiResponse> GetMetadataAsync(string serverId) => SendAsync(HttpMethod.Get, $"{Path}/metadata/{serverId}");

    public Task<ApiResponse> CreateConfigAsync(string json) => SendAsync(HttpMethod.Post, ConfigsPath, json);

    public Task<ApiResponse> GetConfigAsync(string id, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, $"{ConfigsPath}/{id}", null, headers);

    /// <param name="query">With its question mark, or nothing.</param>
    public Task<ApiResponse> ListConfigsAsync(string query = "") => SendAsync(HttpMethod.Get, ConfigsPath + query);

    public Task<ApiResponse> DeleteConfigAsync(string id) => SendAsync(HttpMethod.Delete, $"{ConfigsPath}/{id}");

    public Task<ApiResponse> CreateAgentAsync(string json) => SendAsync(HttpMethod.Post, $"/v1/{Id}/agents", json);

    /// <param name="serverId">Encoded as in the path.</param>
    public Task<ApiResponse> RevokeAgentAsync(string serverId) => SendAsync(HttpMethod.Delete, $"/v1/{Id}/agents/{serverId}");

    /// <param name="json">The whole body.</param>
    /// <param name="query">With its question mark, or nothing.</param>
    public Task<ApiResponse> ValidateAsync(string json, string query = "") => SendAsync(HttpMethod.Post, $"/v1/{Id}/validate{query}", json);

    /// <summary>Sends a request to any path with the member's token.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">From the root, or absolute; sent as it is given.</param>
    /// <param name="json">The body, null for none.</param>
    /// <param name="headers">Beside the token's.</param>
    public Task<ApiResponse> SendAsync(HttpMethod method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        var request = Requests.Make(method, service.Absolute(path), [("X-Auth-Token", Token.ToString()), .. headers]);
        request.Content = json is null ? null : Requests.Body(json);
        return service.SendAsync(request);
    }

    /// <param name="query">With its question mark, or nothing.</param>
    public Task<ApiResponse> ReadFeedAsync(string query = "") => SendAsync(HttpMethod.Get, $"/v1/{Id}/events{query}");

    /// <summary>Counts the project's deployments in the database.</summary>
    public Task<long> CountStoredAsync() => CountAsync("software_deployments");

    /// <summary>Counts the events of the project's deployments in the database; those of deleted deployments are in the change feed only.</summary>
    public Task<long> CountStoredEventsAsync() => CountAsync(
        "(SELECT entry.project_id FROM deployment_events AS entry JOIN software_deployments AS deployment "
        + "ON deployment.project_id = entry.project_id AND deployment.id = entry.deployment_id) AS entry");

    /// <summary>Counts the project's configs in the database.</summary>
    public Task<long> CountStoredConfigsAsync() => CountAsync("software_configs");

    private async Task<long> CountAsync(string table)
    {
        await using var count = TestRun.Database.CreateCommand($"SELECT count(*) FROM {table} WHERE project_id = $1");
        count.Parameters.Add(new() { Value = Id });
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
