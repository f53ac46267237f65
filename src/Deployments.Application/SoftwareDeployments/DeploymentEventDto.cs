using AutoMapper;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>One entry of a deployment's history: its state after its creation or a change, and who made it.</summary>
public sealed record DeploymentEventDto
{
    /// <summary>The resulting version of the deployment: 1 for the creation, one more for each change.</summary>
    public required int Version { get; init; }

    /// <summary>When it happened: UTC, whole seconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The stack action at that time; null if none was given.</summary>
    public required string? Action { get; init; }

    /// <summary>The status at that time.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>The reason at that time; null if none was given.</summary>
    public required string? StatusReason { get; init; }

    /// <summary>The subject of the token of the request; <c>deadline</c> if a timeout expired.</summary>
    public required string Actor { get; init; }

    /// <summary>The id of the request; if a timeout expired, an id of the same form, which is also in the log.</summary>
    public required string RequestId { get; init; }
}

internal sealed class DeploymentEventProfile : Profile
{
    public DeploymentEventProfile() => CreateMap<DeploymentEvent, DeploymentEventDto>();
}
