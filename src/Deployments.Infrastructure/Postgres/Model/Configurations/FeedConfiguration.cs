using Deployments.Domain.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

internal sealed class FeedFloorConfiguration : IEntityTypeConfiguration<FeedFloor>
{
    public void Configure(EntityTypeBuilder<FeedFloor> builder)
    {
        builder.ToTable("change_feed_floors");
        builder.HasKey(floor => floor.ProjectId);
        builder.Property(floor => floor.ProjectId).HasMaxLength(ProjectId.MaxLength);
        builder.Property(floor => floor.Xact).HasColumnType("xid8");
    }
}

internal sealed class FeedEpochConfiguration : IEntityTypeConfiguration<FeedEpoch>
{
    public void Configure(EntityTypeBuilder<FeedEpoch> builder)
    {
        builder.ToTable("change_feed_epoch");
        builder.HasKey(epoch => epoch.Id);
        builder.Property(epoch => epoch.Id).ValueGeneratedNever();
    }
}
