using Deployments.Application.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres.Model.Configurations;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>A deployment to insert, with its JSON as text, and the actor of its first event.</summary>
internal sealed record DeploymentRow(SoftwareDeployment Deployment, Caller Caller)
{
    private const int LengthOfOtherColumns = 1024;

    public string? InputValues { get; } = JsonColumn.Write(Deployment.InputValues);

    /// <summary>The approximate length of the row, in characters.</summary>
    public int Length => LengthOfOtherColumns + (InputValues?.Length ?? 0) + (Deployment.StatusReason?.Length ?? 0);
}
