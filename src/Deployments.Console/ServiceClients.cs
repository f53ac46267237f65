using System.Net.Http.Headers;
using Deployments.Client;

namespace Deployments.WebConsole;

/// <summary>Clients of the service's own HTTP API, each with the token of a visitor.</summary>
internal sealed class ServiceClients(IHttpClientFactory http, Func<Uri> findAddress)
{
    public const string Name = "Deployments.Console";

    private const string RequestId = "X-Openstack-Request-Id";

    private readonly Lazy<Uri> address = new(findAddress, LazyThreadSafetyMode.PublicationOnly);

    /// <summary>No proxy is between the console and its own service, whose certificate is for the name that others use.</summary>
    public static HttpMessageHandler CreateHandler() => new HttpClientHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
    };

    /// <summary>The address at which the API is called.</summary>
    public Uri Address => address.Value;

    /// <param name="token">The visitor's token.</param>
    /// <param name="requestId">The id of the visitor's request: log and history show the same.</param>
    public IDeploymentsClient Create(string token, string requestId)
    {
        var client = http.CreateClient(Name);
        client.BaseAddress = Address;
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        client.DefaultRequestHeaders.Add(RequestId, requestId);
        return new DeploymentsClient(client);
    }
}
