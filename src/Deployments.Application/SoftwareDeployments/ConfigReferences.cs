using Deployments.Application.Common;
using Deployments.Application.Common.Errors;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>Which configurations a deployment may refer to (<c>Deployments:ConfigReferences</c>).</summary>
/// <param name="RequireExisting">True: only one that exists in the deployment's own project. False: any.</param>
public sealed record ConfigReferences(bool RequireExisting)
{
    /// <summary>The error of deployments that refer to configurations that do not exist.</summary>
    /// <param name="references">Each invalid field, with its value.</param>
    internal static InvalidRequestException MissingConfigError(params IEnumerable<(string Field, string ConfigId)> references) =>
        new(references.Select(reference => (
            reference.Field,
            $"{reference.Field} refers to a software config that does not exist in this project: {reference.ConfigId.Truncate()}.")));
}
