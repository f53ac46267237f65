using Microsoft.AspNetCore.Http.Extensions;

namespace Deployments.Api.Mvc;

/// <summary>A link to another page.</summary>
public sealed record PageLink
{
    /// <summary>The relation: <c>next</c>.</summary>
    /// <example>next</example>
    public required string Rel { get; init; }

    /// <summary>Its absolute address.</summary>
    public required string Href { get; init; }
}

internal static class PageLinks
{
    private const string Marker = "marker";

    /// <summary>The link to the next page for the body, also set as a header; null on the last page.</summary>
    public static IReadOnlyList<PageLink>? LinkToNext(this HttpContext context, string? next)
    {
        if (next is null)
        {
            return null;
        }

        var request = context.Request;
        var query = new QueryBuilder(request.Query
            .Where(parameter => parameter.Key != Marker)
            .Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.ToString())))
        {
            { Marker, next },
        };
        var href = $"{context.GetBaseAddress()}{request.GetEncodedPath()}{query}";

        context.Response.Headers.Link = $"<{href}>; rel=\"next\"";
        return [new PageLink { Rel = "next", Href = href }];
    }
}
