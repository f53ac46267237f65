using System.Net;
using Microsoft.AspNetCore.Http;

namespace Deployments.WebConsole.SignIn;

/// <summary>A cookie of the console: sent to the console alone, not to scripts, and not with a request that another site begins.</summary>
internal sealed class ConsoleCookie : CookieBuilder
{
    /// <summary>The name of the cookie that signs in, and of its scheme of authentication.</summary>
    public const string SignIn = "deployments-console";

    public ConsoleCookie(string name)
    {
        Name = name;
        HttpOnly = true;
        SameSite = SameSiteMode.Strict;
        IsEssential = true;
    }

    /// <summary>Secure unless the service is called on its own machine, where it may have no TLS.</summary>
    public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
    {
        var options = base.Build(context, expiresFrom);
        options.Path = context.Request.PathBase.Add(ConsoleSetup.Path);
        options.Secure = context.Request.IsHttps || !IsLoopback(context.Request.Host.Host);
        return options;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
