using Deployments.Application.Common;
using Deployments.Application.Common.Errors;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>Which configurations a deployment may name (<c>Deployments:ConfigReferences</c>).</summary>
/// <param name="RequireExisting">True: only one that is held here, in the deployment's own project. False: any.</param>
public sealed record ConfigReferences(bool RequireExisting)
{
    /// <summary>What a caller is told whose deployments name unknown configurations.</summary>
    /// <param name="references">Each field at fault, and what it names.</param>
    internal static InvalidRequestException MissingConfigError(params IEnumerable<(string Field, string ConfigId)> references) =>
        new(references.Select(reference => (
            reference.Field,
            $"{reference.Field} refers to a software config that does not exist in this project: {reference.ConfigId.Truncate()}.")));
}
