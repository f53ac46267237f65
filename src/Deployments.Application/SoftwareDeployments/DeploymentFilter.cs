using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>Which deployments to list, those that the project may see and that match every given value exactly, and in which order.</summary>
/// <param name="ProjectId">The project that asks.</param>
/// <param name="ServerId">The server, or null for any.</param>
/// <param name="ConfigId">The configuration, or null for any.</param>
/// <param name="Action">The action, or null for any.</param>
/// <param name="Status">The status, or null for any.</param>
/// <param name="IsDescending">Whether the newest come first, not the oldest.</param>
public sealed record DeploymentFilter(
    string ProjectId, string? ServerId, string? ConfigId, string? Action, DeploymentStatus? Status, bool IsDescending);
