using System.Text.Encodings.Web;
using System.Text.Json;

namespace Deployments.WebConsole.Pages;

/// <summary>JSON values as text for people.</summary>
internal static class JsonValue
{
    // For people: the page's own encoding is the renderer's.
    private static readonly JsonSerializerOptions OnOneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 };
    private static readonly JsonSerializerOptions Indented = new(OnOneLine) { WriteIndented = true };

    /// <summary>A string as it is, anything else as JSON without line breaks.</summary>
    public static string Line(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonSerializer.Serialize(value, OnOneLine);

    /// <summary>A string as it is, anything else as JSON.</summary>
    public static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonSerializer.Serialize(value, Indented);
}
