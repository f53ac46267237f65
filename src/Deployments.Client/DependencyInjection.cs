using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;

namespace Deployments.Client;

/// <summary>Registers the client.</summary>
public static class DependencyInjection
{
    /// <summary>
    /// Adds <see cref="IDeploymentsClient"/>. What is added to the builder that it returns, such as
    /// <c>AddStandardResilienceHandler()</c>, may send a request again: deployments are created only once.
    /// Its time-outs, and the HTTP client's own, last until the whole response has been received.
    /// </summary>
    /// <param name="services">The services to add it to; they can have only one.</param>
    /// <param name="baseAddress">The address of the service: the part before <c>/v1</c>.</param>
    /// <param name="tokenProvider">Called for a token before each request; it should cache its token.</param>
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
            throw new InvalidOperationException($"These services have an {nameof(IDeploymentsClient)} already, and can have only one.");
        }

        var builder = services
            .AddHttpClient<IDeploymentsClient, DeploymentsClient>(http => http.BaseAddress = new Uri($"{baseAddress.AbsoluteUri.TrimEnd('/')}/"))
            .AddHttpMessageHandler(() => new Authorization(tokenProvider));

        // Last, and so inside any handler that the caller adds.
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
                    "The token provider returned an invalid token: it is empty, or contains a line break or another character that a token cannot have.");
            }

            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
    }

    // The client requests only the headers and reads the body later, where no handler could retry or time out.
    private sealed class BufferedResponseHandler : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            try
            {
                await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
                return response;
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }
}
