using System.Text.Json;

namespace Deployments.Domain.Common;

/// <summary>JSON that is carried and compared as text.</summary>
public static class JsonText
{
    /// <summary>
    /// How deep JSON may be nested that was accepted once. A request's limit is lower, and may change; what was accepted under another
    /// limit must stay readable and writable.
    /// </summary>
    public const int MaxDepth = 512;

    private static readonly JsonSerializerOptions Options = new() { MaxDepth = MaxDepth };

    /// <summary>Whether both are the same text but for white space: other key order or another form of a number is a difference.</summary>
    public static bool HasSameJson(
        this IReadOnlyDictionary<string, JsonElement>? left, IReadOnlyDictionary<string, JsonElement>? right) =>
        ReferenceEquals(left, right) || JsonSerializer.Serialize(left, Options) == JsonSerializer.Serialize(right, Options);
}
