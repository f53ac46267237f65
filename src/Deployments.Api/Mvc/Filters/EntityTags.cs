using System.Globalization;
using System.Text.RegularExpressions;
using Deployments.Api.Json;
using Deployments.Api.Options;
using Deployments.Application.Agents;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
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

    /// <summary>When the row became this version.</summary>
    DateTimeOffset ChangedTime { get; }
}

/// <summary>
/// Strong entity tags (RFC 9110) of a row's version and the microsecond of its last change, since a version number may be used again after
/// a restore: set on every response of a row, compared with <c>If-None-Match</c>, and read from <c>If-Match</c>.
/// </summary>
internal sealed partial class EntityTags(IOptions<ServiceOptions> options) : IResultFilter
{
    public const string IfMatch = "If-Match";
    public const string IfNoneMatch = "If-None-Match";

    private const string ZonelessMark = "-zoneless";

    // The same row with the other time format is another representation.
    private readonly string mark = options.Value.TimeFormat == TimeFormat.Zoneless ? ZonelessMark : string.Empty;

    public void OnResultExecuting(ResultExecutingContext context)
    {
        if (context.Result is not ObjectResult { Value: IVersioned row })
        {
            return;
        }

        var tag = $"\"{NameOf(row.Version, row.ChangedTime)}{mark}\"";
        var http = context.HttpContext;
        http.Response.Headers.ETag = tag;
        if (HttpMethods.IsGet(http.Request.Method)
            && EntityTagHeaderValue.TryParseList(http.Request.Headers.IfNoneMatch, out var tags)
            && tags.Any(other => other.Equals(EntityTagHeaderValue.Any) || WithoutCompression(other) == tag)) // weak comparison, as If-None-Match requires
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
    public static VersionCondition? Condition(string? header)
    {
        if (header is null)
        {
            return null;
        }

        if (!EntityTagHeaderValue.TryParseStrictList([header], out var tags))
        {
            throw new InvalidRequestException(IfMatch, $"{IfMatch} must be * or a list of entity tags, such as \"1-66132d60578da\".");
        }

        return tags.Contains(EntityTagHeaderValue.Any)
            ? null
            : new VersionCondition(
                tags.Where(tag => !tag.IsWeak).Select(tag => VersionOf(TextOf(tag))).OfType<DeploymentVersion>().ToHashSet(),
                tags.Any(tag => tag.IsWeak || CompressionSuffix().IsMatch(TextOf(tag))));
    }

    /// <summary>The versions that a request with <c>If-None-Match</c> waits to end; null without the header.</summary>
    public static VersionCondition? WaitCondition(string? header)
    {
        if (header is null)
        {
            return null;
        }

        return new VersionCondition(
            ParseAwaited(header).Select(tag => VersionOf(WithoutCompression(tag).Trim('"')))
                .OfType<DeploymentVersion>()
                .Where(version => version.Changed is not null) // the tag of the previous version of the service is another
                .ToHashSet(),
            HasUnreadableVersions: false);
    }

    /// <summary>The documents that a request with <c>If-None-Match</c> has; null without the header, or with an unreadable one.</summary>
    /// <param name="header">The header.</param>
    /// <param name="isAwaited">Whether the request waits for another document.</param>
    public static KnownDocuments? ReadKnownDocuments(string? header, bool isAwaited)
    {
        if (header is null)
        {
            return null;
        }

        if (isAwaited)
        {
            return Known(ParseAwaited(header));
        }

        return EntityTagHeaderValue.TryParseList([header], out var tags) ? Known(tags) : null;

        static KnownDocuments Known(IList<EntityTagHeaderValue> tags) => new(
            tags.Select(tag => WithoutCompression(tag).Trim('"')).ToHashSet(), tags.Contains(EntityTagHeaderValue.Any));
    }

    /// <summary>The strong entity tag of a document.</summary>
    public static string Format(AgentDocument document) => $"\"{document.Fingerprint}\"";

    private static IList<EntityTagHeaderValue> ParseAwaited(string header) =>
        !EntityTagHeaderValue.TryParseStrictList([header], out var tags)
            ? throw new InvalidRequestException(IfNoneMatch, $"{IfNoneMatch} must be a list of entity tags, such as \"1-66132d60578da\".")
        : tags.Contains(EntityTagHeaderValue.Any)
            ? throw new InvalidRequestException(IfNoneMatch, $"{IfNoneMatch} must name an entity tag to wait for: with * there is nothing to wait for.")
        : tags;

    // The tag of a response that a proxy has compressed is of the same representation.
    private static string WithoutCompression(EntityTagHeaderValue tag) => $"\"{CompressionSuffix().Replace(TextOf(tag), string.Empty)}\"";

    private static string TextOf(EntityTagHeaderValue tag) => tag.Tag.ToString().Trim('"');

    private static string NameOf(int version, DateTimeOffset changed) =>
        string.Create(CultureInfo.InvariantCulture, $"{version}-{(changed - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond:x}");

    // Only the exact form of NameOf, or the number alone, which is the form of the previous version of the service.
    private static DeploymentVersion? VersionOf(string text)
    {
        if (text.EndsWith(ZonelessMark, StringComparison.Ordinal))
        {
            text = text[..^ZonelessMark.Length];
        }

        var parts = text.Split('-', 2);
        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        if (parts is not [_, var time])
        {
            return number.ToString(CultureInfo.InvariantCulture) == text ? new(number, Changed: null) : null;
        }

        // A number of microseconds beyond the range of DateTimeOffset is not a valid tag.
        return long.TryParse(time, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds >= 0 && microseconds <= (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond
            && DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond) is var changed
            && NameOf(number, changed) == text
            ? new(number, changed)
            : null;
    }

    // Apache, Jetty and others add this suffix to the tag of a response that they compress; nginx makes the tag weak.
    [GeneratedRegex("[-;](gzip|br|deflate|zstd)$")]
    private static partial Regex CompressionSuffix();
}
