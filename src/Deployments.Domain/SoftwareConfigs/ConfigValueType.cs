using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Deployments.Domain.SoftwareConfigs;

/// <summary>The type of an input or output of a configuration.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "The names are OpenStack's.")]
public enum ConfigValueType
{
    String,
    Number,
    CommaDelimitedList,
    Json,
    Boolean,
}

/// <summary>Names and rules of the types. The names on the wire are those of the members.</summary>
public static class ConfigValueTypes
{
    public static IReadOnlyList<string> Names { get; } = Enum.GetNames<ConfigValueType>();

    /// <summary>The type with exactly this name; null if there is none.</summary>
    public static ConfigValueType? Parse(string? name) =>
        name is not null && Names.Contains(name) ? Enum.Parse<ConfigValueType>(name) : null;

    /// <summary>Whether an input that was given this type may have this default.</summary>
    public static bool Accepts(this ConfigValueType type, JsonElement value) => (type, value.ValueKind) switch
    {
        (ConfigValueType.Json, _) => true,
        (_, JsonValueKind.String) when value.ValueEquals(string.Empty) => true,
        (ConfigValueType.String, JsonValueKind.String or JsonValueKind.True or JsonValueKind.False) => true,
        (ConfigValueType.String, JsonValueKind.Number) => IsInteger(value.GetRawText()),
        (ConfigValueType.Number, JsonValueKind.Number) => true,
        (ConfigValueType.Number, JsonValueKind.String) => IsNumber(value.GetString()!),
        (ConfigValueType.Boolean, JsonValueKind.True or JsonValueKind.False) => true,
        (ConfigValueType.Boolean, JsonValueKind.String) => value.GetString() is "true" or "false",
        (ConfigValueType.CommaDelimitedList, JsonValueKind.Array or JsonValueKind.String) => true,
        _ => false,
    };

    // By its notation, and of any length: 1.0 and 1e3 are not integers.
    private static bool IsInteger(string number) => !number.AsSpan().ContainsAny('.', 'e', 'E');

    private static bool IsNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);
}
