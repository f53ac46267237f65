using Deployments.Domain.Common;
using Deployments.Domain.SoftwareConfigs;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

internal sealed class SoftwareConfigConfiguration : IEntityTypeConfiguration<SoftwareConfig>
{
    public void Configure(EntityTypeBuilder<SoftwareConfig> builder)
    {
        builder.ToTable("software_configs");

        builder.HasKey(config => new { config.ProjectId, config.Id });

        builder.Property(config => config.ProjectId).HasMaxLength(ProjectId.MaxLength);
        builder.Property(config => config.Id).ValueGeneratedNever();
        builder.Property(config => config.Name).HasMaxLength(SoftwareConfig.MaxNameLength);
        builder.Property(config => config.Group).HasMaxLength(SoftwareConfig.MaxGroupLength);
        builder.Property(config => config.Config).IsJson();
        builder.Property(config => config.Inputs).IsJson();
        builder.Property(config => config.Outputs).IsJson();
        builder.Property(config => config.Options).IsJson();
    }
}
