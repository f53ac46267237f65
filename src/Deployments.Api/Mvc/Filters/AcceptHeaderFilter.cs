using Deployments.Api.Errors;
using Deployments.Api.Streaming;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Net.Http.Headers;

namespace Deployments.Api.Mvc.Filters;

/// <summary>Refuses a request whose <c>Accept</c> excludes JSON, before its body is read; an action that responds with another type is chosen by it.</summary>
internal sealed class AcceptHeaderFilter : IResourceFilter
{
    public const string Json = "application/json";

    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        if (!context.ActionDescriptor.EndpointMetadata.OfType<EventStreamAttribute>().Any()
            && QualityOf(Json, context.HttpContext.Request.Headers.Accept) == 0)
        {
            throw new HttpErrorException(StatusCodes.Status406NotAcceptable);
        }
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
        // Nothing to do.
    }

    /// <summary>How much a type is wanted, from 0, which excludes it, to 1; 1 without the header.</summary>
    /// <remarks>The most specific range decides: "application/json;q=0, */*" excludes JSON (RFC 9110, 12.5.1).</remarks>
    public static double QualityOf(string mediaType, IList<string> accept)
    {
        if (accept.Count == 0 || accept.All(string.IsNullOrWhiteSpace))
        {
            return 1;
        }

        var type = new MediaTypeHeaderValue(mediaType);
        return MediaTypeHeaderValue.TryParseList(accept, out var ranges)
            && ranges
                .Where(range => type.IsSubsetOf(new MediaTypeHeaderValue(range.MediaType)))
                .OrderBy(range => range.MatchesAllTypes ? 2 : range.MatchesAllSubTypes ? 1 : 0)
                .FirstOrDefault() is { } decisive
            ? decisive.Quality ?? 1
            : 0;
    }
}
