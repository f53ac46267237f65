using System.Text.Encodings.Web;
using System.Text.Json;

namespace Deployments.WebConsole.Pages;

/// <summary>JSON values as text for people.</summary>
internal static class JsonValue
{
    // For people: the page's own encoding is the renderer's.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 };

    /// <summary>A string as it is, anything else as JSON.</summary>
    public static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonSerializer.Serialize(value, Indented);
}
