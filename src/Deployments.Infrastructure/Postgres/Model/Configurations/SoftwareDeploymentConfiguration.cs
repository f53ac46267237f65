using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

internal sealed class SoftwareDeploymentConfiguration : IEntityTypeConfiguration<SoftwareDeployment>
{
    /// <summary>The columns of the idempotency key, which are private to the entity.</summary>
    public const string IdempotencyKeyText = "IdempotencyKeyText";
    public const string IdempotencyIndex = "IdempotencyIndex";
    public const string RequestHash = "RequestHash";

    private const string IsShared = "stack_user_project_id IS NOT NULL";

    public void Configure(EntityTypeBuilder<SoftwareDeployment> builder)
    {
        builder.ToTable("software_deployments");

        builder.HasKey(deployment => new { deployment.ProjectId, deployment.Id });

        builder.HasIndex(deployment => new { deployment.ProjectId, deployment.StackUserProjectId, deployment.Id }).HasFilter(IsShared);

        // Only instances of version 1.0 use it, beside newer ones during an upgrade.
        builder.HasIndex(deployment => new { deployment.StackUserProjectId, deployment.Id }).HasFilter(IsShared);
        builder.HasIndex(deployment => new { deployment.ProjectId, deployment.ServerId, deployment.Id });
        builder.HasIndex(deployment => new { deployment.ProjectId, deployment.ConfigId, deployment.Id });

        // From server to server, in an order that is the same in every database; columns that are not named have the database's own.
        builder.HasIndex(deployment => new { deployment.ProjectId, deployment.Status, deployment.ServerId })
            .UseCollation(string.Empty, string.Empty, "C");

        // One row for each key and index: of two concurrent requests, on any instances, the second finds the row of the first.
        builder.Ignore(deployment => deployment.IdempotencyKey);
        builder.Property<string?>(IdempotencyKeyText).HasColumnName("idempotency_key").HasMaxLength(IdempotencyKey.MaxLength);
        builder.Property<int?>(IdempotencyIndex);
        builder.Property<byte[]?>(RequestHash);
        builder.HasIndex(nameof(SoftwareDeployment.ProjectId), IdempotencyKeyText, IdempotencyIndex)
            .IsUnique().HasFilter("idempotency_key IS NOT NULL");

        // Overdue deployments are found across all projects.
        builder.HasIndex(deployment => deployment.Deadline).HasFilter("deadline IS NOT NULL");

        builder.Property(deployment => deployment.ProjectId).HasMaxLength(ProjectId.MaxLength);
        builder.Property(deployment => deployment.Id).ValueGeneratedNever();
        builder.Property(deployment => deployment.ConfigId).HasMaxLength(SoftwareDeployment.MaxConfigIdLength);
        builder.Property(deployment => deployment.ServerId).HasMaxLength(SoftwareDeployment.MaxServerIdLength);
        builder.Property(deployment => deployment.Action).HasMaxLength(SoftwareDeployment.MaxActionLength);
        builder.Property(deployment => deployment.InputValues).IsJson();
        builder.Property(deployment => deployment.OutputValues).IsJson();
        builder.Property(deployment => deployment.Status).IsStatus();
        builder.Property(deployment => deployment.StatusReason).HasMaxLength(SoftwareDeployment.MaxStatusReasonLength);
        builder.Property(deployment => deployment.StackUserProjectId).HasMaxLength(ProjectId.MaxLength);

        builder.Property(deployment => deployment.EndedRunDeadline).HasColumnName("run_deadline");

        // The transaction that last changed it, for the order of its events.
        builder.Property<ulong>("Xact").IsTransaction();

        builder.ToTable(table => table.HasCheckConstraint(
            "ck_software_deployments_status",
            $"status IN ({string.Join(", ", DeploymentStatusNames.All.Select(name => $"'{name}'"))})"));
    }
}
