namespace Deployments.Domain.SoftwareDeployments;

/// <summary>One entry of a deployment's history: how it stood after its creation or a change, and who did that.</summary>
/// <param name="ProjectId">The project that owns the deployment.</param>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Version">The version that the change made: a deployment has one event for each.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Action">The action, as it stood then.</param>
/// <param name="Status">The status, as it stood then.</param>
/// <param name="StatusReason">The reason, as it stood then.</param>
/// <param name="Actor">The subject of the token that asked for it, or <c>deadline</c>.</param>
/// <param name="RequestId">The request that asked for it; of a deadline, an id of the same form that the log has too.</param>
public sealed record DeploymentEvent(
    string ProjectId,
    Guid DeploymentId,
    int Version,
    DateTimeOffset Time,
    string? Action,
    DeploymentStatus Status,
    string? StatusReason,
    string Actor,
    string RequestId);
