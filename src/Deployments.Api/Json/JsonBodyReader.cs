using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;

namespace Deployments.Api.Json;

/// <summary>Deserialises JSON, and reports values of the wrong type in the contract's words.</summary>
internal static partial class JsonBodyReader
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
            throw InvalidTypeError(exception.Path, options.GetTypeInfo(type), within: null);
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
            throw InvalidTypeError(exception.Path, options.GetTypeInfo(typeof(T)), path);
        }
    }

    private static InvalidRequestException InvalidTypeError(string? serialiserPath, JsonTypeInfo info, string? within)
    {
        var field = new StringBuilder(within);
        foreach (Match part in PathParts().Matches(serialiserPath ?? string.Empty))
        {
            var name = part.Groups["name"];
            field.Append(name.Success && field.Length > 0 ? "." : string.Empty).Append(name.Success ? name.Value.Truncate() : part.Value);

            var type = info.ElementType
                ?? info.Properties.FirstOrDefault(property => property.Name == name.Value)?.PropertyType
                ?? typeof(object);
            info = info.Options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        }

        var kind = KindOf(info);
        return field.Length > 0
            ? new InvalidRequestException(field.ToString(), $"{field} must be {kind}.")
            : new InvalidRequestException(Body, $"The body must be {kind}.");
    }

    private static string KindOf(JsonTypeInfo info) => info switch
    {
        { Kind: JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary } => "a JSON object",
        _ when info.Type == typeof(IReadOnlyDictionary<string, JsonElement>) => "a JSON object",
        { Kind: JsonTypeInfoKind.Enumerable } => "a list",
        _ when info.Type == typeof(string) => "a string",
        _ when info.Type == typeof(bool) => "true or false",
        _ when info.Type == typeof(int) => "an integer",
        _ => "of another type",
    };

    // As in $.template.resources['a name'].properties.inputs[3].
    [GeneratedRegex(@"\.(?<name>[^.[]*)|\['(?<name>.*?)'\](?=[.[]|\z)|\[\d+\]", RegexOptions.Singleline)]
    private static partial Regex PathParts();
}
