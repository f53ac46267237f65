using Deployments.Domain.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

/// <summary>Stores a status by its name on the wire.</summary>
internal static class StatusColumn
{
    public static PropertyBuilder<DeploymentStatus> IsStatus(this PropertyBuilder<DeploymentStatus> property) =>
        property.HasColumnType("text").HasConversion(status => status.ToName(), name => DeploymentStatusNames.Parse(name)!.Value);
}
