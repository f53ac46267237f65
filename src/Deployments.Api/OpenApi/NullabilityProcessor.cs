using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using NJsonSchema;
using NJsonSchema.Generation;

namespace Deployments.Api.OpenApi;

/// <summary>
/// Says where null may stand, as the service behaves and in the words that readers of documents agree on: what is left out when it
/// is null is never null, what may be anything needs no word for it, and a single schema is no choice.
/// </summary>
internal sealed class NullabilityProcessor : ISchemaProcessor
{
    public void Process(SchemaProcessorContext context)
    {
        foreach (var member in context.ContextualType.Type.GetProperties())
        {
            if (member.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition is JsonIgnoreCondition.WhenWritingNull
                && context.Schema.Properties.TryGetValue(JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name), out var property))
            {
                property.IsNullableRaw = null;
            }
        }

        foreach (var property in context.Schema.Properties.Values)
        {
            if (property is { Type: JsonObjectType.None, OneOf.Count: 0 })
            {
                property.IsNullableRaw = null;
            }

            if (OnlyChoice(property) is { } only)
            {
                property.OneOf.Clear();
                property.AllOf.Add(only); // beside it stands a description
            }

            property.Item = OnlyChoice(property.Item) ?? property.Item;
            property.AdditionalPropertiesSchema = OnlyChoice(property.AdditionalPropertiesSchema) ?? property.AdditionalPropertiesSchema;
        }
    }

    private static JsonSchema? OnlyChoice(JsonSchema? schema) => schema?.OneOf.Count == 1 ? schema.OneOf.Single() : null;
}
