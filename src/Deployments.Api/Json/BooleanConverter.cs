using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Api.Json;

/// <summary>Reads Booleans, and the strings "true" and "false" in any case: some clients send every value as a string.</summary>
internal sealed class BooleanConverter : JsonConverter<bool>
{
    public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.String when IsText(reader.GetString()!, "true") => true,
        JsonTokenType.String when IsText(reader.GetString()!, "false") => false,
        _ => throw new JsonException(),
    };

    public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) => writer.WriteBooleanValue(value);

    private static bool IsText(string text, string name) => text.Equals(name, StringComparison.OrdinalIgnoreCase);
}
