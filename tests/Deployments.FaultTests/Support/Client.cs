using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Deployments.FaultTests.Support;

/// <summary>Sends requests to instances of the service, and tells apart all that can become of one.</summary>
internal sealed class Client : IDisposable
{
    /// <summary>By then a request has not been answered late: it hangs.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Hang };

    /// <param name="service">The instance.</param>
    /// <param name="name">What its <c>config_id</c> says: by it a deployment is recognised, whatever becomes of the answer.</param>
    /// <param name="key">Its <c>Idempotency-Key</c>, if it has one.</param>
    /// <param name="server">Its <c>server_id</c>.</param>
    public Task<Outcome> CreateAsync(ServiceProcess service, string name, string? key = null, string server = "web-1") => SendAsync(
        service,
        HttpMethod.Post,
        "",
        $$"""
        {"config_id": "{{name}}", "server_id": "{{server}}", "action": "CREATE",
         "input_values": {"packages": ["nginx", "openssl"], "retries": 3}, "status_reason": "Deploy data available"}
        """,
        key is null ? [] : [("Idempotency-Key", key)]);

    /// <param name="service">The instance.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">What follows <c>/software_deployments</c>.</param>
    /// <param name="body">JSON, if there is a body.</param>
    /// <param name="headers">Beside the usual ones.</param>
    public async Task<Outcome> SendAsync(
        ServiceProcess service, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(
            method, new Uri(service.Address, $"/v1/{ServiceProcess.Project}/software_deployments{path}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ServiceProcess.Token);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        var watch = Stopwatch.StartNew();
        try
        {
            using var answer = await http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            return new Outcome(answer.StatusCode, text, watch.Elapsed)
            {
                EntityTag = answer.Headers.ETag?.ToString(),
                IsReplay = answer.Headers.Contains("Idempotent-Replayed"),
            };
        }
        catch (HttpRequestException exception)
        {
            return new Outcome(null, exception.GetBaseException().Message, watch.Elapsed)
            {
                WasRefused = exception.HttpRequestError == HttpRequestError.ConnectionError,
            };
        }
        catch (OperationCanceledException)
        {
            return new Outcome(null, "It hangs.", watch.Elapsed);
        }
    }

    public void Dispose() => http.Dispose();
}

/// <summary>What became of a request.</summary>
/// <param name="Status">Of the answer, if there was one.</param>
/// <param name="Text">The answer's body, or what went wrong.</param>
/// <param name="Time">How long the client waited for it.</param>
internal sealed record Outcome(HttpStatusCode? Status, string Text, TimeSpan Time)
{
    public string? EntityTag { get; init; }

    public bool IsReplay { get; init; }

    /// <summary>Whether there was no connection, so that nothing was sent.</summary>
    public bool WasRefused { get; init; }

    public override string ToString() => $"{(int?)Status} {Text}";

    /// <summary>The id of the one deployment in the answer.</summary>
    public Guid Id
    {
        get
        {
            using var document = JsonDocument.Parse(Text);
            return document.RootElement.GetProperty("software_deployment").GetProperty("id").GetGuid();
        }
    }
}
