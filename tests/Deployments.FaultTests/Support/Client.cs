using System.Diagnostics;
using System.Net;

namespace Deployments.FaultTests.Support;

/// <summary>Sends requests to instances of the service and records the outcome, whether there is a response or not.</summary>
/// <param name="project">The project whose requests it sends.</param>
/// <param name="sign">Changes its token before it is signed.</param>
internal sealed class Client(string project = "faults", Func<Token, Token>? sign = null) : IDisposable
{
    /// <summary>A request without a response by then hangs, a held one too.</summary>
    private static readonly TimeSpan HangTimeout = TestScale.LongWait + TimeSpan.FromSeconds(30);

    private readonly string token = (sign ?? (token => token))(new Token(project) { Expires = DateTimeOffset.UtcNow.AddHours(8) }).ToString();

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, SslOptions = ReverseProxy.Trust }) { Timeout = HangTimeout };

    public Task<Outcome> CreateAsync(ServiceProcess service, string name, string? key = null, string server = "web-1") =>
        CreateAsync(service.Address, name, key, server);

    /// <param name="address">Of the service.</param>
    /// <param name="name">The <c>config_id</c>, by which the deployment is identified even if there is no response.</param>
    /// <param name="key">The <c>Idempotency-Key</c>, if it has one.</param>
    /// <param name="server">The <c>server_id</c>.</param>
    public Task<Outcome> CreateAsync(Uri address, string name, string? key = null, string server = "web-1") => SendAsync(
        address,
        HttpMethod.Post,
        "",
        $$"""
        {"config_id": "{{name}}", "server_id": "{{server}}", "action": "CREATE",
         "input_values": {"packages": ["nginx", "openssl"], "retries": 3}, "status_reason": "Deploy data available"}
        """,
        key is null ? [] : [("Idempotency-Key", key)]);

    public Task<Outcome> SendAsync(
        ServiceProcess service, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(service.Address, method, path, body, headers);

    /// <param name="address">Of the service.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">The path after <c>/software_deployments</c>, or an address with its scheme.</param>
    /// <param name="body">JSON, if there is a body.</param>
    /// <param name="headers">In addition to the token.</param>
    public async Task<Outcome> SendAsync(
        Uri address, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = Requests.Make(
            method, AddressOf(address, path), [("Authorization", $"Bearer {token}"), .. headers]);
        request.Content = body is null ? null : Requests.Body(body);

        var watch = Stopwatch.StartNew();
        try
        {
            using var response = await http.SendAsync(request);
            return new Outcome(await ApiResponse.ReadAsync(response), null, watch.Elapsed);
        }
        catch (HttpRequestException exception)
        {
            return new Outcome(null, exception.GetBaseException().Message, watch.Elapsed)
            {
                IsConnectionRefused = exception.HttpRequestError == HttpRequestError.ConnectionError,
            };
        }
        catch (OperationCanceledException)
        {
            return new Outcome(null, "The request hangs.", watch.Elapsed);
        }
    }

    /// <summary>Reads a response to its end, keeps none of it, and returns its length.</summary>
    /// <param name="service">The instance.</param>
    /// <param name="path">The path after <c>/software_deployments</c>, or an address with its scheme.</param>
    public async Task<long> ReadAsync(ServiceProcess service, string path)
    {
        using var request = Requests.Make(
            HttpMethod.Get, AddressOf(service.Address, path), ("Authorization", $"Bearer {token}"));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[64 * 1024];
        var length = 0L;
        for (int read; (read = await body.ReadAsync(buffer)) > 0; length += read)
        {
            // Nothing to do.
        }

        return length;
    }

    /// <summary>Opens a stream of server-sent events.</summary>
    public async Task<Stream> OpenStreamAsync(Uri address)
    {
        using var request = Requests.Make(HttpMethod.Get, address, ("Authorization", $"Bearer {token}"), ("Accept", "text/event-stream"));
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStreamAsync();
    }

    /// <summary>Creates the agent of a server.</summary>
    /// <param name="service">The instance.</param>
    /// <param name="server">The <c>server_id</c>.</param>
    /// <returns>The address of its document.</returns>
    public async Task<string> CreateAgentAsync(ServiceProcess service, string server)
    {
        var outcome = await SendAsync(service, HttpMethod.Post, "/../agents", $$"""{"server_id": "{{server}}"}""");
        return outcome.Response!.Json.GetProperty("agent").GetProperty("metadata_url").GetString()!;
    }

    public void Dispose() => http.Dispose();

    private Uri AddressOf(Uri address, string path) =>
        path.StartsWith("http", StringComparison.Ordinal) ? new Uri(path) : new Uri(address, $"/v1/{project}/software_deployments{path}");
}

/// <summary>The outcome of a request.</summary>
/// <param name="Response">The response, if there was one.</param>
/// <param name="Failure">Why there was no response.</param>
/// <param name="Time">How long the client waited.</param>
internal sealed record Outcome(ApiResponse? Response, string? Failure, TimeSpan Time)
{
    public HttpStatusCode? Status => Response?.Status;

    public string Text => Response?.Text ?? Failure!;

    /// <summary>The id of the deployment in a successful response.</summary>
    public Guid Id => Guid.Parse(Response!.Id);

    public bool IsReplay => Response?.Headers.ContainsKey("Idempotent-Replayed") ?? false;

    /// <summary>Whether there was no connection, so that nothing was sent.</summary>
    public bool IsConnectionRefused { get; init; }

    public override string ToString() => $"{(int?)Status} {Text}";
}
