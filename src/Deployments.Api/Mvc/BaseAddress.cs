using Deployments.Api.Options;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Mvc;

/// <summary>The address of the service in absolute addresses.</summary>
internal static class BaseAddress
{
    /// <summary>The configured address (<c>Deployments:PublicUrl</c>), else that of the request; without a slash at its end.</summary>
    public static string GetBaseAddress(this HttpContext context)
    {
        var request = context.Request;
        return context.RequestServices.GetRequiredService<IOptions<ServiceOptions>>().Value.PublicUrl is { Length: > 0 } configured
            ? configured.TrimEnd('/')
            : $"{request.Scheme}://{request.Host.ToUriComponent()}{request.PathBase.ToUriComponent()}";
    }
}
