using System.Text.Json;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>
/// What a row has before a change: the values of the deployment, and the transaction that last changed it. A change assigns new objects, so
/// a comparison by reference finds what changed.
/// </summary>
internal readonly record struct DeploymentValues(
    IReadOnlyDictionary<string, JsonElement>? Input, IReadOnlyDictionary<string, JsonElement>? Output, ulong Xact)
{
    public static DeploymentValues Of(SoftwareDeployment deployment, ulong xact) => new(deployment.InputValues, deployment.OutputValues, xact);
}
