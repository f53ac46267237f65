using System.Net;
using Microsoft.AspNetCore.HttpOverrides;

namespace Deployments.Api.Middleware;

/// <summary>Applies <c>X-Forwarded-*</c> headers of the configured proxies, and removes those of anyone else, of whom the first is logged.</summary>
internal static partial class ForwardedAddresses
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

        var known = Trust(proxies, limit: null);
        var logger = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ForwardedAddresses).FullName!);
        var logged = 0;
        app.Use((context, next) =>
        {
            // Remove what is not trusted, so that no other component uses it.
            var isLeft = false;
            foreach (var header in Headers)
            {
                isLeft |= context.Request.Headers.Remove(header);
            }

            // A configured proxy may pass on what its client sent. Once its address is replaced, it is in another header.
            if (isLeft && logged == 0
                && !context.Request.Headers.ContainsKey(ForwardedHeadersDefaults.XOriginalForHeaderName)
                && context.Connection.RemoteIpAddress is { } sender && !IsKnown(known, sender)
                && Interlocked.Exchange(ref logged, 1) == 0)
            {
                LogUnknownSender(logger, sender);
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

    private static bool IsKnown(ForwardedHeadersOptions known, IPAddress sender)
    {
        var address = sender.IsIPv4MappedToIPv6 ? sender.MapToIPv4() : sender;
        return known.KnownProxies.Contains(address) || known.KnownIPNetworks.Any(network => network.Contains(address));
    }

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

    [LoggerMessage(
        LogLevel.Warning,
        "X-Forwarded-* headers of {Sender} are ignored: it is not in Deployments:Proxies. If it is a proxy of this service, name it there. Further senders are not logged.")]
    private static partial void LogUnknownSender(ILogger logger, IPAddress sender);
}
