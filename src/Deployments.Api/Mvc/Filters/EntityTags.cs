using System.Globalization;
using Deployments.Api.Json;
using Deployments.Api.Options;
using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Deployments.Api.Mvc.Filters;

/// <summary>A response that has an entity tag.</summary>
internal interface IVersioned
{
    /// <summary>The version of the row.</summary>
    int Version { get; }
}

/// <summary>
/// Strong entity tags (RFC 9110), made of a row's version: set on every response of a row, compared with <c>If-None-Match</c>, and read from
/// <c>If-Match</c>.
/// </summary>
internal sealed class EntityTags(IOptions<ServiceOptions> options) : IResultFilter
{
    public const string IfMatch = "If-Match";

    private const string ZonelessMark = "-zoneless";

    // The same row with the other time format is another representation.
    private readonly string mark = options.Value.TimeFormat == TimeFormat.Zoneless ? ZonelessMark : string.Empty;

    public void OnResultExecuting(ResultExecutingContext context)
    {
        if (context.Result is not ObjectResult { Value: IVersioned row })
        {
            return;
        }

        var tag = $"\"{row.Version.ToString(CultureInfo.InvariantCulture)}{mark}\"";
        var http = context.HttpContext;
        http.Response.Headers.ETag = tag;
        if (HttpMethods.IsGet(http.Request.Method)
            && EntityTagHeaderValue.TryParseList(http.Request.Headers.IfNoneMatch, out var tags)
            && tags.Any(other => other.Equals(EntityTagHeaderValue.Any) || other.Tag == tag)) // weak comparison, as If-None-Match requires
        {
            context.Result = new StatusCodeResult(StatusCodes.Status304NotModified);
        }
    }

    public void OnResultExecuted(ResultExecutedContext context)
    {
        // Nothing to do.
    }

    /// <summary>The versions that an <c>If-Match</c> header allows; null for any: without the header, or with <c>*</c>.</summary>
    /// <remarks>Weak or unknown tags match no version.</remarks>
    public static IReadOnlySet<int>? Versions(string? header)
    {
        if (header is null)
        {
            return null;
        }

        if (!EntityTagHeaderValue.TryParseStrictList([header], out var tags))
        {
            throw new InvalidRequestException(IfMatch, $"{IfMatch} must be * or a list of entity tags, such as \"1\".");
        }

        return tags.Contains(EntityTagHeaderValue.Any) ? null : tags.Select(VersionOf).OfType<int>().ToHashSet();
    }

    private static int? VersionOf(EntityTagHeaderValue tag)
    {
        var text = tag.IsWeak ? string.Empty : tag.Tag.ToString().Trim('"');
        if (text.EndsWith(ZonelessMark, StringComparison.Ordinal))
        {
            text = text[..^ZonelessMark.Length];
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            && version.ToString(CultureInfo.InvariantCulture) == text
            ? version
            : null;
    }
}
