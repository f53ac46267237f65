using AutoMapper;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>One entry of a deployment's history: how it stood after its creation or a change, and who did that.</summary>
public sealed record DeploymentEventDto
{
    /// <summary>The version of the deployment that it made: 1 for the creation, one more for each change.</summary>
    public required int Version { get; init; }

    /// <summary>When it happened: UTC, whole seconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The stack action, as it stood then; null if none was given.</summary>
    public required string? Action { get; init; }

    /// <summary>The status, as it stood then.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>The reason, as it stood then; null if none was given.</summary>
    public required string? StatusReason { get; init; }

    /// <summary>The subject of the token that asked for it; <c>deadline</c> where a timeout ran out.</summary>
    public required string Actor { get; init; }

    /// <summary>The request that asked for it; where a timeout ran out, an id of the same form that the log has too.</summary>
    public required string RequestId { get; init; }
}

internal sealed class DeploymentEventProfile : Profile
{
    public DeploymentEventProfile() => CreateMap<DeploymentEvent, DeploymentEventDto>();
}
