using Deployments.Application.Common;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres.Model.Configurations;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>A deployment to store, with its JSON written out, and the caller whom its first event names.</summary>
internal sealed record DeploymentRow(SoftwareDeployment Deployment, Caller Caller)
{
    private const int UsualLength = 1024;

    public string? InputValues { get; } = JsonColumn.Write(Deployment.InputValues);

    /// <summary>About how long the row is, in characters.</summary>
    public int Length => UsualLength + (InputValues?.Length ?? 0) + (Deployment.StatusReason?.Length ?? 0);
}
