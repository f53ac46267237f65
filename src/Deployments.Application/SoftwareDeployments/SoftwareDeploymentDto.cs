using System.Text.Json;
using System.Text.Json.Serialization;
using AutoMapper;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>A software deployment: which software configuration is applied to which server, and its status.</summary>
public sealed record SoftwareDeploymentDto
{
    /// <summary>Its status.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>The server that the configuration is applied to.</summary>
    public required string ServerId { get; init; }

    /// <summary>The software configuration that is applied.</summary>
    public required string ConfigId { get; init; }

    /// <summary>Output data as key-value pairs; null until set.</summary>
    public required IReadOnlyDictionary<string, JsonElement>? OutputValues { get; init; }

    /// <summary>Input data as key-value pairs, as they were sent; null if none were.</summary>
    public required IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>The stack action that triggered it, such as CREATE; null if none was given.</summary>
    public required string? Action { get; init; }

    /// <summary>Why it has its status; null if no reason was given.</summary>
    public required string? StatusReason { get; init; }

    /// <summary>The UUID (version 7) that the service assigned.</summary>
    public required Guid Id { get; init; }

    /// <summary>When it was created: UTC, whole seconds.</summary>
    public required DateTimeOffset CreationTime { get; init; }

    /// <summary>When it last changed: UTC, whole seconds. Absent before its first change.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? UpdatedTime { get; init; }

    /// <summary>When it fails unless its status changes before: UTC, whole seconds. Present only while it is in progress with a timeout.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Its version, not part of the response body: 1 at creation, one more with each change.</summary>
    [JsonIgnore]
    public int Version { get; init; }
}

internal sealed class SoftwareDeploymentProfile : Profile
{
    public SoftwareDeploymentProfile()
    {
        CreateMap<SoftwareDeployment, SoftwareDeploymentDto>();

        // Values are passed on without a copy.
        CreateMap<IReadOnlyDictionary<string, JsonElement>, IReadOnlyDictionary<string, JsonElement>>().ConvertUsing(values => values);
    }
}
