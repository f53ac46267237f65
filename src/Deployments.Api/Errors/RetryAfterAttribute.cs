using Microsoft.AspNetCore.Diagnostics;

namespace Deployments.Api.Errors;

/// <summary>The least <c>Retry-After</c> of an endpoint's 429 and 503, where that is longer than usual.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RetryAfterAttribute(int seconds) : Attribute
{
    private const int Usual = 1;

    public int Seconds => seconds;

    public static int MinSeconds(HttpContext context) =>
        context.GetRequestedEndpoint()?.Metadata.GetMetadata<RetryAfterAttribute>()?.Seconds ?? Usual;
}

internal static class RequestedEndpoint
{
    /// <summary>The endpoint of the request, also after it has failed: then it is in the feature that the exception handler sets.</summary>
    public static Endpoint? GetRequestedEndpoint(this HttpContext context) =>
        context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint();
}
