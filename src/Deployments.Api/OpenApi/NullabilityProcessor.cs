using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using NJsonSchema;
using NJsonSchema.Generation;

namespace Deployments.Api.OpenApi;

/// <summary>
/// Corrects which properties are nullable: a property that is omitted when null is never null, an untyped one needs no flag, and a oneOf
/// with one element is unwrapped.
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
                property.AllOf.Add(only); // keeps the description beside it
            }

            property.Item = OnlyChoice(property.Item) ?? property.Item;
            property.AdditionalPropertiesSchema = OnlyChoice(property.AdditionalPropertiesSchema) ?? property.AdditionalPropertiesSchema;
        }
    }

    private static JsonSchema? OnlyChoice(JsonSchema? schema) => schema?.OneOf.Count == 1 ? schema.OneOf.Single() : null;
}
