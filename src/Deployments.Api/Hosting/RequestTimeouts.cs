using Deployments.Api.Errors;
using Deployments.Api.Options;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Hosting;

/// <summary>How long a request may take until its response starts.</summary>
internal static class RequestTimeouts
{
    private static readonly object BodyReadTimeout = new();

    public static void AddRequestTimeout(this IServiceCollection services)
    {
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<IOptions<ServiceOptions>>((timeouts, settings) =>
            timeouts.DefaultPolicy = new RequestTimeoutPolicy
            {
                Timeout = TimeSpan.FromSeconds(settings.Value.RequestTimeoutSeconds),
                WriteTimeoutResponse = WriteResponseAsync,
            });
    }

    /// <summary>Ends the timeout of a request whose response starts: a response may take as long as its client keeps reading.</summary>
    public static void Disable(HttpContext context) => context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();

    /// <summary>Records that a request that is about to time out was still waiting for its body, so that it becomes a 408.</summary>
    public static void MarkBodyReadTimeout(this HttpContext context) => context.Items[BodyReadTimeout] = true;

    private static Task WriteResponseAsync(HttpContext context)
    {
        var writer = context.RequestServices.GetRequiredService<ErrorWriter>();
        if (!context.Items.ContainsKey(BodyReadTimeout))
        {
            return writer.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The service did not respond in time. Try again.");
        }

        // The rest of the body may still arrive, and would be read as the next request.
        context.Response.Headers.Connection = "close";
        return writer.WriteAsync(context, StatusCodes.Status408RequestTimeout);
    }
}
