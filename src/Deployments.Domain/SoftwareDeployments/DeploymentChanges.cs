using System.Text.Json;

namespace Deployments.Domain.SoftwareDeployments;

/// <summary>What is to change in a deployment. Null leaves a field as it is; "" and {} are values.</summary>
public sealed record DeploymentChanges
{
    public string? ConfigId { get; init; }

    public string? Action { get; init; }

    public DeploymentStatus? Status { get; init; }

    public string? StatusReason { get; init; }

    /// <summary>Seconds from the change on.</summary>
    public int? Timeout { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? OutputValues { get; init; }
}
