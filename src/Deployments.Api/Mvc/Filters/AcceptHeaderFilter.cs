using Deployments.Api.Errors;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Net.Http.Headers;

namespace Deployments.Api.Mvc.Filters;

/// <summary>Refuses a request whose <c>Accept</c> excludes JSON, before its body is read.</summary>
internal sealed class AcceptHeaderFilter : IResourceFilter
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        var accept = context.HttpContext.Request.Headers.Accept;
        if (accept.Count > 0 && !string.IsNullOrWhiteSpace(accept.ToString()) && !AcceptsJson(accept))
        {
            throw new HttpErrorException(StatusCodes.Status406NotAcceptable);
        }
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
        // Nothing to do.
    }

    // The most specific range decides: "application/json;q=0, */*" excludes JSON (RFC 9110, 12.5.1).
    private static bool AcceptsJson(IList<string> accept) =>
        MediaTypeHeaderValue.TryParseList(accept, out var ranges)
        && ranges
            .Where(range => Json.IsSubsetOf(new MediaTypeHeaderValue(range.MediaType)))
            .OrderBy(range => range.MatchesAllTypes ? 2 : range.MatchesAllSubTypes ? 1 : 0)
            .FirstOrDefault() is { } decisive
        && decisive.Quality != 0;
}
