using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;

namespace Deployments.Client;

/// <summary>Registers the client.</summary>
public static class DependencyInjection
{
    /// <summary>
    /// Adds <see cref="IDeploymentsClient"/>. What is added to the builder that it returns, such as
    /// <c>AddStandardResilienceHandler()</c>, may send a request again: deployments are created once all the same.
    /// </summary>
    /// <param name="services">The services to add it to.</param>
    /// <param name="baseAddress">Where the service is: what comes before <c>/v1</c>.</param>
    /// <param name="tokenProvider">Asked for a token before each call; a provider that keeps its token answers at once.</param>
    /// <returns>The builder of the HTTP client.</returns>
    public static IHttpClientBuilder AddDeploymentsClient(
        this IServiceCollection services, Uri baseAddress, Func<CancellationToken, ValueTask<string>> tokenProvider)
    {
        ArgumentNullException.ThrowIfNull(baseAddress);
        ArgumentNullException.ThrowIfNull(tokenProvider);

        return services
            .AddHttpClient<IDeploymentsClient, DeploymentsClient>(http => http.BaseAddress = new Uri($"{baseAddress.AbsoluteUri.TrimEnd('/')}/"))
            .AddHttpMessageHandler(() => new Authorization(tokenProvider));
    }

    private sealed class Authorization(Func<CancellationToken, ValueTask<string>> tokenProvider) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await tokenProvider(cancellationToken));
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
