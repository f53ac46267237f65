using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

internal sealed class DeploymentEventConfiguration : IEntityTypeConfiguration<DeploymentEvent>
{
    public void Configure(EntityTypeBuilder<DeploymentEvent> builder)
    {
        builder.ToTable("deployment_events");

        // One event for each version: a change that is retried cannot be recorded twice.
        builder.HasKey(entry => new { entry.ProjectId, entry.DeploymentId, entry.Version });

        builder.Property(entry => entry.ProjectId).HasMaxLength(ProjectId.MaxLength);
        builder.Property(entry => entry.Version).ValueGeneratedNever();
        builder.Property(entry => entry.Action).HasMaxLength(SoftwareDeployment.MaxActionLength);
        builder.Property(entry => entry.Status).IsStatus();
        builder.Property(entry => entry.StatusReason).HasMaxLength(SoftwareDeployment.MaxStatusReasonLength);
        builder.Property(entry => entry.Actor).HasColumnType("text");
        builder.Property(entry => entry.RequestId).HasColumnType("text");
    }
}
