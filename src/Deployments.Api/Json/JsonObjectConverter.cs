using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Api.Json;

/// <summary>
/// Reads the values of an object as one document: .NET would create one for each value, which takes more memory than most values. An empty
/// list is read as an empty object, since PHP writes one so.
/// </summary>
internal sealed class JsonObjectConverter : JsonConverter<IReadOnlyDictionary<string, JsonElement>>
{
    public override IReadOnlyDictionary<string, JsonElement> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                break;
            case JsonTokenType.StartArray when reader.Read() && reader.TokenType == JsonTokenType.EndArray:
                return new Dictionary<string, JsonElement>();
            default:
                throw new JsonException();
        }

        var values = JsonElement.ParseValue(ref reader);
        var byName = new Dictionary<string, JsonElement>(values.GetPropertyCount());
        foreach (var value in values.EnumerateObject())
        {
            byName[value.Name] = value.Value;
        }

        return byName;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, JsonElement> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, element) in value)
        {
            writer.WritePropertyName(name);
            element.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
