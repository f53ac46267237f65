using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

internal sealed class DeploymentEventConfiguration : IEntityTypeConfiguration<DeploymentEvent>
{
    /// <summary>Whether the event is that of a deletion.</summary>
    public const string Deleted = "Deleted";

    private const string ServerId = "ServerId";
    private const string ConfigId = "ConfigId";
    private const string StackUserProjectId = "StackUserProjectId";
    private const string Xact = "Xact";

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

        // What the change feed shows beside the history. Null in events of version 1.0, until they are completed.
        builder.Property<string?>(ServerId).HasMaxLength(SoftwareDeployment.MaxServerIdLength);
        builder.Property<string?>(ConfigId).HasMaxLength(SoftwareDeployment.MaxConfigIdLength);
        builder.Property<string?>(StackUserProjectId).HasMaxLength(ProjectId.MaxLength);
        builder.Property<bool?>(Deleted);
        builder.Property<ulong>(Xact).IsTransaction();

        // The order of the feed, for the project that owns the deployments and for each that they are shared with.
        string[] position = [Xact, nameof(DeploymentEvent.DeploymentId), nameof(DeploymentEvent.Version)];
        builder
            .HasIndex([nameof(DeploymentEvent.ProjectId), .. position], "Feed")
            .HasDatabaseName("ix_deployment_events_feed");
        builder
            .HasIndex([nameof(DeploymentEvent.ProjectId), StackUserProjectId, .. position], "SharedFeed")
            .HasDatabaseName("ix_deployment_events_shared")
            .HasFilter("stack_user_project_id IS NOT NULL");

        // Work that is found across all projects: events to complete, and deleted deployments whose events are to be purged.
        builder
            .HasIndex([nameof(DeploymentEvent.ProjectId), .. position], "Incomplete")
            .HasDatabaseName("ix_deployment_events_incomplete")
            .HasFilter("deleted IS NULL");
        builder.HasIndex(entry => entry.Time).HasFilter("deleted").HasDatabaseName("ix_deployment_events_deleted");
    }
}
