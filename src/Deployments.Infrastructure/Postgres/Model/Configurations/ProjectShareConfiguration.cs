using Deployments.Domain.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

internal sealed class ProjectShareConfiguration : IEntityTypeConfiguration<ProjectShare>
{
    public void Configure(EntityTypeBuilder<ProjectShare> builder)
    {
        builder.ToTable("project_shares");

        builder.HasKey(share => new { share.ProjectId, share.OwnerProjectId });

        builder.Property(share => share.ProjectId).HasMaxLength(ProjectId.MaxLength);
        builder.Property(share => share.OwnerProjectId).HasMaxLength(ProjectId.MaxLength);
    }
}
