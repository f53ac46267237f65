using Deployments.Api.Mvc.Filters;
using Microsoft.Net.Http.Headers;

namespace Deployments.Api.Middleware;

/// <summary>
/// Allows pages of the configured origins to call the service from a browser; without any, no page of another origin can. Pages send
/// tokens in headers, so the browser's own credentials are never allowed.
/// </summary>
internal static class Cors
{
    private static readonly TimeSpan PreflightMaxAge = TimeSpan.FromMinutes(10);

    private static readonly string[] Exposed =
    [
        HeaderNames.ETag, HeaderNames.Location, HeaderNames.Link, HeaderNames.RetryAfter, RequestId.Header, Idempotency.Replayed,
    ];

    /// <summary>Whether the text is an origin exactly as a browser sends it: scheme, host, and the port unless it is the default.</summary>
    public static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
        && text.All(char.IsAscii)
        && address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) == text;

    public static void UseConfiguredCors(this WebApplication app, IReadOnlyList<string> origins)
    {
        if (origins.Count > 0)
        {
            app.UseCors(policy => policy
                .WithOrigins([.. origins])
                .AllowAnyMethod()
                .AllowAnyHeader()
                .WithExposedHeaders(Exposed)
                .SetPreflightMaxAge(PreflightMaxAge));
        }
    }
}
