using System.Text.Json.Serialization.Metadata;

namespace Deployments.Api.Json;

/// <summary>Says in the contract's words where in a body, by the serialiser's path, a value has the wrong type.</summary>
internal static class JsonFields
{
    /// <summary>The field's name, null for the body itself, and what the contract wants there.</summary>
    public static (string? Name, string Kind) Find(string? path, JsonTypeInfo body)
    {
        var name = path is { Length: > 2 } ? path[2..] : null; // "$.field.inner[3]"
        var type = body.Type;
        foreach (var part in (name ?? string.Empty).Split('.', '[').Where(part => part.Length > 0))
        {
            var info = body.Options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
            type = part.EndsWith(']')
                ? info.ElementType ?? typeof(object)
                : info.Properties.FirstOrDefault(property => property.Name == part)?.PropertyType ?? typeof(object);
        }

        return (name, KindOf(body.Options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type)));
    }

    private static string KindOf(JsonTypeInfo info) => info switch
    {
        { Kind: JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary } => "a JSON object",
        { Kind: JsonTypeInfoKind.Enumerable } => "a list",
        _ when info.Type == typeof(string) => "a string",
        _ when info.Type == typeof(bool) => "true or false",
        _ when info.Type == typeof(int) => "an integer",
        _ => "of the type that the contract names",
    };
}
