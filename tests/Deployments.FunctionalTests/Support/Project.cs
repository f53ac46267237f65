namespace Deployments.FunctionalTests.Support;

/// <summary>A project that no other test knows, and its member who sends requests.</summary>
internal sealed class Project(Service? service = null, string? id = null)
{
    /// <summary>The least that creates a deployment.</summary>
    public const string Minimal = """{"config_id": "a config", "server_id": "a server"}""";

    private readonly Service service = service ?? TestRun.Service;

    public string Id { get; } = id ?? Guid.NewGuid().ToString("N");

    public string Path => $"/v1/{Id}/software_deployments";

    public Token Token => new(Id);

    public Task<Answer> CreateAsync(string json) => CreateAsync(Requests.Body(json));

    /// <param name="body">What is sent, null for nothing at all.</param>
    /// <param name="headers">Beside the token's.</param>
    public Task<Answer> CreateAsync(HttpContent? body, params (string Name, string Value)[] headers) =>
        PostAsync(body, [("X-Auth-Token", Token.ToString()), .. headers]);

    public Task<Answer> CreateAsAsync(Token token) => CreateAsAsync(token.ToString());

    public Task<Answer> CreateAsAsync(string token) => PostAsync(Requests.Body(Minimal), ("X-Auth-Token", token));

    /// <param name="body">What is sent, null for nothing at all.</param>
    /// <param name="headers">All of them, a token's included.</param>
    public Task<Answer> PostAsync(HttpContent? body, params (string Name, string Value)[] headers)
    {
        var request = Requests.Make(HttpMethod.Post, Path, headers);
        request.Content = body;
        return service.SendAsync(request);
    }

    public Task<Answer> GetAsync(string id, Token? token = null, params (string Name, string Value)[] headers) =>
        service.GetAsync($"{Path}/{id}", [("X-Auth-Token", (token ?? Token).ToString()), .. headers]);

    /// <summary>How many deployments the project owns, by the database's own account.</summary>
    public async Task<long> CountStoredAsync()
    {
        await using var count = TestRun.Database.CreateCommand("SELECT count(*) FROM software_deployments WHERE project_id = $1");
        count.Parameters.Add(new() { Value = Id });
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
