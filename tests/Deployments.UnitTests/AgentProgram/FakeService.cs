using System.Net;

namespace Deployments.UnitTests.AgentProgram;

/// <summary>Responds to the agent without a network, at once.</summary>
internal sealed class FakeService : HttpMessageHandler
{
    public Func<HttpRequestMessage, HttpResponseMessage> Respond { get; set; } = _ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);

    /// <summary>What was requested: the method, the address and <c>If-None-Match</c>.</summary>
    public List<string> Requests { get; } = [];

    public static HttpResponseMessage Document(string json, string entityTag = "\"1\"")
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(json) };
        response.Headers.TryAddWithoutValidation("ETag", entityTag);
        return response;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add($"{request.Method} {request.RequestUri} {request.Headers.IfNoneMatch}".TrimEnd());
        return Task.FromResult(Respond(request));
    }
}
