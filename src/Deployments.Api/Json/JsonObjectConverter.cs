using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Api.Json;

/// <summary>
/// Values by their names, read as one document: .NET would make one for each, of more memory than most values have. An empty list is an
/// empty object: PHP writes one so.
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
