using System.Text.Json;
using System.Text.Json.Serialization;
using AutoMapper;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>A software configuration: what an agent runs on a server. It never changes.</summary>
public sealed record SoftwareConfigDto
{
    /// <summary>The UUID (version 7) that the service assigned.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its name; null if none was given.</summary>
    public required string? Name { get; init; }

    /// <summary>The agent hook that applies it, such as <c>script</c>; null if none was given.</summary>
    public required string? Group { get; init; }

    /// <summary>When it was created: UTC, whole seconds.</summary>
    public required DateTimeOffset CreationTime { get; init; }

    /// <summary>The configuration itself: any JSON value, usually a script as a string; null if none was given.</summary>
    public required JsonElement? Config { get; init; }

    /// <summary>Its inputs.</summary>
    public required IReadOnlyList<ConfigInputDto> Inputs { get; init; }

    /// <summary>Its outputs.</summary>
    public required IReadOnlyList<ConfigOutputDto> Outputs { get; init; }

    /// <summary>Settings for the agent hook, as key-value pairs, as they were sent.</summary>
    public required IReadOnlyDictionary<string, JsonElement> Options { get; init; }
}

/// <summary>An input of a configuration.</summary>
public sealed record ConfigInputDto
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for; absent if not given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>Its type.</summary>
    public required ConfigValueType Type { get; init; }

    /// <summary>Its value if none is given; absent if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Default { get; init; }

    /// <summary>Whether a changed value requires another server; absent if not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ReplaceOnChange { get; init; }

    /// <summary>Its value; absent if none was given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Value { get; init; }
}

/// <summary>An output of a configuration.</summary>
public sealed record ConfigOutputDto
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for; absent if not given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>Its type.</summary>
    public required ConfigValueType Type { get; init; }

    /// <summary>Whether a value means that the deployment failed.</summary>
    public required bool ErrorOutput { get; init; }
}

/// <summary>A software configuration in a list.</summary>
public sealed record SoftwareConfigSummaryDto
{
    /// <summary>The UUID (version 7) that the service assigned.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its name; null if none was given.</summary>
    public required string? Name { get; init; }

    /// <summary>The agent hook that applies it; null if none was given.</summary>
    public required string? Group { get; init; }

    /// <summary>When it was created: UTC, whole seconds.</summary>
    public required DateTimeOffset CreationTime { get; init; }
}

internal sealed class SoftwareConfigProfile : Profile
{
    public SoftwareConfigProfile()
    {
        CreateMap<SoftwareConfig, SoftwareConfigDto>();
        CreateMap<ConfigInput, ConfigInputDto>();
        CreateMap<ConfigOutput, ConfigOutputDto>();
    }
}
