using System.Text.Json;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>The values of a deployment before a change. A change assigns new objects, so a comparison by reference finds what changed.</summary>
internal readonly record struct DeploymentValues(
    IReadOnlyDictionary<string, JsonElement>? Input, IReadOnlyDictionary<string, JsonElement>? Output)
{
    public static DeploymentValues Of(SoftwareDeployment deployment) => new(deployment.InputValues, deployment.OutputValues);
}
