using Deployments.Application.Errors;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>Which configurations a deployment may name (<c>Deployments:ConfigReferences</c>).</summary>
/// <param name="KnownOnly">True: only one that is held here, in the deployment's own project. False: any.</param>
public sealed record ConfigReferences(bool KnownOnly)
{
    /// <summary>What a caller is told whose deployment names an unknown configuration.</summary>
    internal static InvalidRequestException Refusal(string field, string configId) =>
        new(field, $"{field} names no software config of this project: {configId}.");
}
