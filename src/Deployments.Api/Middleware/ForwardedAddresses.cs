using System.Net;
using Microsoft.AspNetCore.HttpOverrides;

namespace Deployments.Api.Middleware;

/// <summary>Applies <c>X-Forwarded-*</c> headers of the configured proxies, and removes those of anyone else.</summary>
internal static class ForwardedAddresses
{
    private static readonly string[] Headers =
    [
        ForwardedHeadersDefaults.XForwardedForHeaderName, ForwardedHeadersDefaults.XForwardedProtoHeaderName,
        ForwardedHeadersDefaults.XForwardedHostHeaderName, ForwardedHeadersDefaults.XForwardedPrefixHeaderName,
    ];

    /// <summary>Disables the framework's own middleware, which ASPNETCORE_FORWARDEDHEADERS_ENABLED adds and which trusts every sender.</summary>
    public static void AddForwardedAddresses(this IServiceCollection services) =>
        services.PostConfigure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.None);

    public static void UseForwardedAddresses(this IApplicationBuilder app, IReadOnlyList<string> proxies)
    {
        if (proxies.Count > 0)
        {
            // Each proxy appends the address of its client, so a chain is followed to the first address that is not a configured proxy.
            // Without addresses, only the last value of the other headers is known to be the proxy's.
            app.UseWhen(static context => !HasAddresses(context), single => single.UseForwardedHeaders(Trust(proxies, limit: 1)));
            app.UseWhen(HasAddresses, chain => chain.UseForwardedHeaders(Trust(proxies, limit: null)));
        }

        app.Use(static (context, next) =>
        {
            // Remove what is not trusted, so that no other component uses it.
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

    private static bool HasAddresses(HttpContext context) =>
        context.Request.Headers.ContainsKey(ForwardedHeadersDefaults.XForwardedForHeaderName);

    private static ForwardedHeadersOptions Trust(IReadOnlyList<string> proxies, int? limit)
    {
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedPrefix,
            ForwardLimit = limit,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                options.KnownProxies.Add(address);
            }
            else
            {
                options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
            }
        }

        return options;
    }
}
