using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.ChangeFeed;

/// <summary>One event of a project's change feed: a deployment was created, changed or deleted.</summary>
public sealed record FeedEventDto
{
    /// <summary>What happened.</summary>
    public required FeedEventType Type { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The version that the change made: 1 for the creation, one more with each change; for the deletion one more than the last.</summary>
    public required int Version { get; init; }

    /// <summary>When it happened: UTC, whole seconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The deployment's server.</summary>
    public required string ServerId { get; init; }

    /// <summary>Its software configuration at that time.</summary>
    public required string ConfigId { get; init; }

    /// <summary>Its stack action at that time; null if none was given.</summary>
    public required string? Action { get; init; }

    /// <summary>Its status at that time.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>The reason at that time; null if none was given.</summary>
    public required string? StatusReason { get; init; }

    /// <summary>The subject of the token of the request; <c>deadline</c> if a timeout expired.</summary>
    public required string Actor { get; init; }

    /// <summary>The id of the request; if a timeout expired, an id of the same form, which is also in the log.</summary>
    public required string RequestId { get; init; }
}

/// <summary>What happened to a deployment.</summary>
public enum FeedEventType
{
    /// <summary>It was created.</summary>
    Created,

    /// <summary>It was changed.</summary>
    Changed,

    /// <summary>It was deleted.</summary>
    Deleted,
}
