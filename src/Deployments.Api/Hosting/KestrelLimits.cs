using Deployments.Api.Errors;
using Deployments.Api.Options;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Deployments.Api.Hosting;

/// <summary>How much and how long a client may send. What breaks the limits of the server itself is answered by it, without a body.</summary>
internal static class KestrelLimits
{
    private const int RequestLineBytes = 8 * 1024;
    private const int HeaderBytes = 32 * 1024;
    private const int Headers = 100;

    private static readonly TimeSpan RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromMinutes(2);

    // In bytes a second, of a body and of an answer, after a time of grace.
    private static readonly MinDataRate SlowestClient = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));

    // Marks a request whose time ran out while its body was awaited.
    private static readonly object BodyAwaited = new();

    public static void AddKestrelLimits(this IServiceCollection services, ServiceOptions settings)
    {
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestLineSize = RequestLineBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytes;
            kestrel.Limits.MaxRequestHeaderCount = Headers;
            kestrel.Limits.RequestHeadersTimeout = RequestHeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = KeepAliveTimeout;
            kestrel.Limits.MinRequestBodyDataRate = SlowestClient;
            kestrel.Limits.MinResponseDataRate = SlowestClient;

            // Above the service's own limits, so that this one is met only by what is far too large.
            kestrel.Limits.MaxRequestBodySize = 2L * Math.Max(settings.MaxBodyBytes, settings.MaxBatchBytes);
        });
        services.Configure<HostFilteringOptions>(hosts => hosts.IncludeFailureMessage = false);
        services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new RequestTimeoutPolicy
        {
            Timeout = TimeSpan.FromSeconds(settings.RequestTimeoutSeconds),
            WriteTimeoutResponse = AnswerAsync,
        });
    }

    /// <summary>An answer that has begun takes as long as it is, where its reader keeps up.</summary>
    public static void DisableRequestTimeout(this HttpContext context) => context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();

    /// <summary>Notes, for a request that is about to be given up, that it is the client who was late.</summary>
    public static void MarkBodyReadTimeout(this HttpContext context) => context.Items[BodyAwaited] = true;

    private static Task AnswerAsync(HttpContext context)
    {
        var writer = context.RequestServices.GetRequiredService<ErrorWriter>();
        if (!context.Items.ContainsKey(BodyAwaited))
        {
            return writer.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The service did not answer in time. Try again.");
        }

        // The rest of the body may be on its way: no further request can be told from it.
        context.Response.Headers.Connection = "close";
        return writer.WriteAsync(context, StatusCodes.Status408RequestTimeout);
    }
}
