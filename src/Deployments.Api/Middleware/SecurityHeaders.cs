using Deployments.Api.Mvc;
using Microsoft.Extensions.Primitives;

namespace Deployments.Api.Middleware;

/// <summary>Adds the headers for browsers and caches to every response.</summary>
internal static class SecurityHeaders
{
    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues NoReferrer = "no-referrer";
    private static readonly StringValues NoStore = "no-store";

    // A response with an entity tag may be cached for its caller alone, and is revalidated each time, with the caller's token.
    private static readonly StringValues Revalidate = "private, no-cache";
    private static readonly StringValues OneYear = "max-age=31536000";
    private static readonly StringValues OfData = "default-src 'none'; frame-ancestors 'none'";

    // The Swagger page has inline scripts and styles.
    private static readonly StringValues OfPage =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Adds them to a response that is about to start.</summary>
    public static void AddHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        var isSecret = context.GetEndpoint()?.Metadata.GetMetadata<SecretPathAttribute>() is not null;
        headers.XContentTypeOptions = NoSniff;
        headers["Referrer-Policy"] = NoReferrer;
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = OneYear;
        }

        if (headers.ContentSecurityPolicy.Count > 0)
        {
            // A page, or a file, of the console.
            headers.CacheControl = headers.CacheControl is [{ } own] && own.EndsWith("immutable", StringComparison.Ordinal) ? own : NoStore;
            return;
        }

        headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/swagger", StringComparison.OrdinalIgnoreCase) ? OfPage : OfData;
        headers.CacheControl = headers.ETag.Count > 0 && !isSecret ? Revalidate : NoStore;
    }
}
