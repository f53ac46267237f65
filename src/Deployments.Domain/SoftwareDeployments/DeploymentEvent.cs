namespace Deployments.Domain.SoftwareDeployments;

/// <summary>One entry of a deployment's history: its state after its creation or a change, and who made it.</summary>
/// <param name="ProjectId">The project that owns the deployment.</param>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Version">The version of the deployment; it has one event for each.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Action">The action at that time.</param>
/// <param name="Status">The status at that time.</param>
/// <param name="StatusReason">The reason at that time.</param>
/// <param name="Actor">The subject of the token that requested it, or <c>deadline</c>.</param>
/// <param name="RequestId">The id of the request; for an expired deadline an id of the same form, which is also in the log.</param>
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
