using System.Text.Json;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>The values of a deployment at one moment. A change puts another object in place of the one that it replaces.</summary>
internal readonly record struct DeploymentValues(
    IReadOnlyDictionary<string, JsonElement>? Input, IReadOnlyDictionary<string, JsonElement>? Output)
{
    public static DeploymentValues Of(SoftwareDeployment deployment) => new(deployment.InputValues, deployment.OutputValues);
}
