using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Deployments.Application.Errors;

namespace Deployments.Api.Json;

/// <summary>Reads JSON into a type, and says in the contract's words where a value has the wrong one.</summary>
internal static class JsonFields
{
    private const string Body = "body";

    /// <exception cref="InvalidRequestException">Names the first field whose value has the wrong type.</exception>
    public static object Read(ReadOnlySpan<byte> text, Type type, JsonSerializerOptions options)
    {
        try
        {
            return JsonSerializer.Deserialize(text, type, options) ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw Refusal(exception.Path, options.GetTypeInfo(type), within: null);
        }
    }

    /// <summary>Reads a part of a body.</summary>
    /// <exception cref="InvalidRequestException">Names the first field whose value has the wrong type.</exception>
    public static T Read<T>(JsonElement part, string path, JsonSerializerOptions options)
    {
        try
        {
            return part.Deserialize<T>(options) ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw Refusal(exception.Path, options.GetTypeInfo(typeof(T)), path);
        }
    }

    private static InvalidRequestException Refusal(string? serialiserPath, JsonTypeInfo type, string? within)
    {
        var inner = serialiserPath is { Length: > 2 } ? serialiserPath[2..] : null; // "$.field.inner[3]"
        var field = string.Join('.', new[] { within, inner }.OfType<string>());
        var kind = KindOf(TypeAt(inner, type));
        return new InvalidRequestException(field.Length > 0 ? field : Body, $"{(field.Length > 0 ? field : "The body")} must be {kind}.");
    }

    private static JsonTypeInfo TypeAt(string? path, JsonTypeInfo info)
    {
        foreach (var part in (path ?? string.Empty).Split('.', '[').Where(part => part.Length > 0))
        {
            var type = info.ElementType ?? info.Properties.FirstOrDefault(property => property.Name == part)?.PropertyType ?? typeof(object);
            info = info.Options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        }

        return info;
    }

    private static string KindOf(JsonTypeInfo info) => info switch
    {
        { Kind: JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary } => "a JSON object",
        { Kind: JsonTypeInfoKind.Enumerable } => "a list",
        _ when info.Type == typeof(string) => "a string",
        _ when info.Type == typeof(bool) => "true or false",
        _ when info.Type == typeof(int) => "an integer",
        _ => "of another type",
    };
}
