using System.Net;
using Deployments.Api.Options;
using Microsoft.AspNetCore.HttpOverrides;

namespace Deployments.Api.Middleware;

/// <summary>Whose word is taken for where a request came from and where it was sent to.</summary>
internal static class ForwardedAddresses
{
    private static readonly string[] Headers =
    [
        ForwardedHeadersDefaults.XForwardedForHeaderName, ForwardedHeadersDefaults.XForwardedProtoHeaderName,
        ForwardedHeadersDefaults.XForwardedHostHeaderName, ForwardedHeadersDefaults.XForwardedPrefixHeaderName,
    ];

    /// <exception cref="InvalidConfigurationException">One of the proxies is neither an address nor a network.</exception>
    public static void UseForwardedAddresses(this IApplicationBuilder app, IReadOnlyList<string> proxies)
    {
        var forwarded = new ForwardedHeadersOptions
        {
            ForwardedHeaders = proxies.Count > 0
                ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedPrefix
                : ForwardedHeaders.None,
        };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                forwarded.KnownProxies.Add(address);
            }
            else if (System.Net.IPNetwork.TryParse(proxy, out var network))
            {
                forwarded.KnownIPNetworks.Add(network);
            }
            else
            {
                throw new InvalidConfigurationException($"{ServiceOptions.Section}:Proxies: {proxy} is neither an address nor a network such as 10.0.0.0/8.");
            }
        }

        app.UseForwardedHeaders(forwarded);
        app.Use(static (context, next) =>
        {
            // What is left of these nobody vouches for, and not every component asks who sent them.
            foreach (var header in Headers)
            {
                context.Request.Headers.Remove(header);
            }

            if (context.Request.PathBase.Value is [.., '/'] prefix)
            {
                context.Request.PathBase = prefix.TrimEnd('/');
            }

            return next(context);
        });
    }
}
