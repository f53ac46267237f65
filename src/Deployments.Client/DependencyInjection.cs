using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;

namespace Deployments.Client;

/// <summary>Registers the client.</summary>
public static class DependencyInjection
{
    /// <summary>
    /// Adds <see cref="IDeploymentsClient"/>. What is added to the builder that it returns, such as
    /// <c>AddStandardResilienceHandler()</c>, may send a request again: deployments are created once all the same.
    /// Its time-outs, and the HTTP client's own, hold until an answer has been received whole.
    /// </summary>
    /// <param name="services">The services to add it to; they hold one.</param>
    /// <param name="baseAddress">Where the service is: what comes before <c>/v1</c>.</param>
    /// <param name="tokenProvider">Asked for a token before each call; a provider that keeps its token answers at once.</param>
    /// <returns>The builder of the HTTP client.</returns>
    /// <exception cref="ArgumentException">The address is not absolute, not HTTP, or has more than a path.</exception>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    public static IHttpClientBuilder AddDeploymentsClient(
        this IServiceCollection services, Uri baseAddress, Func<CancellationToken, ValueTask<string>> tokenProvider)
    {
        ArgumentNullException.ThrowIfNull(baseAddress);
        ArgumentNullException.ThrowIfNull(tokenProvider);
        if (baseAddress is not { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "", Fragment: "" })
        {
            throw new ArgumentException("The address must be absolute, of http or https, without a query.", nameof(baseAddress));
        }

        if (services.Any(service => service.ServiceType == typeof(IDeploymentsClient)))
        {
            throw new InvalidOperationException($"These services have an {nameof(IDeploymentsClient)} already, and can have but one.");
        }

        var builder = services
            .AddHttpClient<IDeploymentsClient, DeploymentsClient>(http => http.BaseAddress = new Uri($"{baseAddress.AbsoluteUri.TrimEnd('/')}/"))
            .AddHttpMessageHandler(() => new Authorization(tokenProvider));

        // Last of all, and so inside of whatever the caller adds.
        services.PostConfigure<HttpClientFactoryOptions>(
            builder.Name, options => options.HttpMessageHandlerBuilderActions.Add(handlers => handlers.AdditionalHandlers.Add(new BufferedResponseHandler())));
        return builder;
    }

    private sealed class Authorization(Func<CancellationToken, ValueTask<string>> tokenProvider) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var token = await tokenProvider(cancellationToken).ConfigureAwait(false);
            if (string.IsNullOrEmpty(token) || token.Any(character => character is <= ' ' or > '~'))
            {
                throw new InvalidOperationException(
                    "The token provider gave what is no token: it is empty, or has a line break or another character that no token has.");
            }

            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
    }

    // The client asks for headers alone and reads the body later, where no handler could try again or give up.
    private sealed class BufferedResponseHandler : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            try
            {
                await answer.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
                return answer;
            }
            catch
            {
                answer.Dispose();
                throw;
            }
        }
    }
}
