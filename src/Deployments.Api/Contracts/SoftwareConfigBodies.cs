using System.Text.Json;
using System.Text.Json.Serialization;
using Deployments.Api.Json;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Filters;
using Deployments.Application.SoftwareConfigs;

namespace Deployments.Api.Contracts;

/// <summary>A software configuration to create. Fields that are not listed here are ignored; null is the same as leaving a field out.</summary>
public sealed record CreateSoftwareConfigBody
{
    /// <summary>Its name.</summary>
    /// <example>install-web-server</example>
    public string? Name { get; init; }

    /// <summary>Which agent hook takes it.</summary>
    /// <example>script</example>
    public string? Group { get; init; }

    /// <summary>The configuration itself: any JSON value, usually a script as a string.</summary>
    public JsonElement? Config { get; init; }

    /// <summary>The values that it takes: at most 1,000; no name twice.</summary>
    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public IList<ConfigInputBody?>? Inputs { get; init; } = new BoundedList<ConfigInputBody?>();

    /// <summary>The values that it gives back: at most 1,000; no name twice.</summary>
    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public IList<ConfigOutputBody?>? Outputs { get; init; } = new BoundedList<ConfigOutputBody?>();

    /// <summary>Settings for the agent hook, as key-value pairs. They come back as they were sent.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Options { get; init; }

    internal NewConfig ToConfig() => new()
    {
        Name = Name,
        Group = Group,
        Config = Config,
        Inputs = Inputs?.Select(input => input?.ToInput()).ToList(),
        Outputs = Outputs?.Select(output => output?.ToOutput()).ToList(),
        Options = Options,
    };
}

/// <summary>A value that a configuration takes. Fields that are not listed here are refused.</summary>
public sealed record ConfigInputBody
{
    /// <summary>Its name.</summary>
    /// <example>port</example>
    public string? Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>What it holds; String if left out.</summary>
    /// <example>Number</example>
    public string? Type { get; init; }

    /// <summary>
    /// Its value where none is given. It must fit the type: a Number may also be a numeric string, a Boolean also "true" or
    /// "false", a CommaDelimitedList a list or a string, Json anything.
    /// </summary>
    public JsonElement? Default { get; init; }

    /// <summary>Whether another value means another server.</summary>
    public bool? ReplaceOnChange { get; init; }

    /// <summary>Its value. Null is one too: a deployment's own configuration has a value for every input.</summary>
    public JsonElement Value { get; init; }

    /// <summary>What an input has not.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; init; }

    internal NewConfigInput ToInput() => new()
    {
        Name = Name,
        Description = Description,
        Type = Type,
        Default = Default,
        ReplaceOnChange = ReplaceOnChange,
        Value = Value.ValueKind == JsonValueKind.Undefined ? null : Value,
        UnknownMembers = Unknown?.Keys ?? (IReadOnlyCollection<string>)[],
    };
}

/// <summary>A value that a configuration gives back. Fields that are not listed here are refused.</summary>
public sealed record ConfigOutputBody
{
    /// <summary>Its name.</summary>
    /// <example>address</example>
    public string? Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>What it holds; String if left out.</summary>
    public string? Type { get; init; }

    /// <summary>Whether a value here means that the deployment failed; false if left out.</summary>
    public bool? ErrorOutput { get; init; }

    /// <summary>What an output has not.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; init; }

    internal NewConfigOutput ToOutput() => new()
    {
        Name = Name,
        Description = Description,
        Type = Type,
        ErrorOutput = ErrorOutput,
        UnknownMembers = Unknown?.Keys ?? (IReadOnlyCollection<string>)[],
    };
}

/// <summary>One software configuration.</summary>
public sealed record SoftwareConfigEnvelope : IVersioned
{
    /// <summary>The configuration.</summary>
    public required SoftwareConfigDto SoftwareConfig { get; init; }

    // A configuration never changes.
    int IVersioned.Version => 1;
}

/// <summary>Software configurations in summary, all or a page of them.</summary>
public sealed record SoftwareConfigListEnvelope
{
    /// <summary>The configurations, newest first.</summary>
    public required IAsyncEnumerable<SoftwareConfigSummaryDto> SoftwareConfigs { get; init; }

    /// <summary>Where to go on; absent on the last page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PageLink>? SoftwareConfigsLinks { get; init; }
}
