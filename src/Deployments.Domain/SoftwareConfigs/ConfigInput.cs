using System.Text.Json;

namespace Deployments.Domain.SoftwareConfigs;

/// <summary>A value that a configuration takes.</summary>
public sealed record ConfigInput
{
    public ConfigInput(
        string name,
        ConfigValueType type = ConfigValueType.String,
        string? description = null,
        JsonElement? @default = null,
        bool replaceOnChange = false,
        JsonElement? value = null)
    {
        Name = string.IsNullOrWhiteSpace(name) ? throw new ArgumentException("An input needs a name.", nameof(name)) : name;
        Description = description;
        Type = type;

        // String is also the type of an input without one, whose default may be anything.
        Default = @default is not { } given || type == ConfigValueType.String || type.Accepts(given)
            ? @default
            : throw new ArgumentException($"The default does not fit the type {type}.", nameof(@default));
        ReplaceOnChange = replaceOnChange;
        Value = value;
    }

    public string Name { get; }

    public string? Description { get; }

    public ConfigValueType Type { get; }

    public JsonElement? Default { get; }

    public bool ReplaceOnChange { get; }

    public JsonElement? Value { get; }
}
