using System.Text.Json;

namespace Deployments.Domain.Common;

/// <summary>JSON values that are stored and compared as text.</summary>
public static class JsonText
{
    /// <summary>
    /// The maximum nesting of stored JSON. A request's limit is lower and may change; what was accepted under an earlier limit must stay
    /// readable and writable.
    /// </summary>
    public const int MaxDepth = 512;

    /// <summary>The maximum nesting of a value of a caller, such as input_values, including itself.</summary>
    public const int MaxValueDepth = 64;

    private static readonly JsonSerializerOptions Options = new() { MaxDepth = MaxDepth };

    /// <summary>Whether both are the same text apart from white space; a different key order or number format is a difference.</summary>
    public static bool HasSameJson(
        this IReadOnlyDictionary<string, JsonElement>? left, IReadOnlyDictionary<string, JsonElement>? right) =>
        ReferenceEquals(left, right) || JsonSerializer.Serialize(left, Options) == JsonSerializer.Serialize(right, Options);
}
