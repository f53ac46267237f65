using System.Text.RegularExpressions;
using Deployments.Api.Errors;
using Deployments.Api.Mvc;

namespace Deployments.Api.Observability;

/// <summary>
/// The path of a request for logs and traces. That of an agent's address is a secret: in its place is its route. A path without a route
/// that has the form of one, such as an address with a prefix that no proxy removed, is left out.
/// </summary>
internal static partial class LoggedPath
{
    private const string Unknown = "-";

    /// <summary>What is logged in place of the path; null if the path itself may be.</summary>
    public static string? FindReplacement(HttpContext context)
    {
        var route = context.GetRequestedEndpoint() as RouteEndpoint;
        return route is null ? (AddressForm().IsMatch(context.Request.Path.Value ?? string.Empty) ? Unknown : null)
            : route.Metadata.GetMetadata<SecretPathAttribute>() is not null ? route.RoutePattern.RawText
            : null;
    }

    public static string Of(HttpContext context) =>
        FindReplacement(context) ?? (context.Request.PathBase + context.Request.Path).ToUriComponent();

    // Slashes may be encoded, and what encodes them encoded again.
    [GeneratedRegex("(/|%(25)*2f)(agents|signals)(/|%(25)*2f)", RegexOptions.IgnoreCase)]
    private static partial Regex AddressForm();
}
