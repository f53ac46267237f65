using Deployments.Domain.Agents;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

internal sealed class AgentConfiguration : IEntityTypeConfiguration<Agent>
{
    public void Configure(EntityTypeBuilder<Agent> builder)
    {
        builder.ToTable("agents");

        builder.HasKey(agent => new { agent.ProjectId, agent.Id });

        // One agent for each server: of two concurrent requests, on any instances, the second finds the row of the first.
        builder.HasIndex(agent => new { agent.ProjectId, agent.ServerId }).IsUnique();

        // For the list of servers, in its order.
        builder.HasIndex([nameof(Agent.ProjectId), nameof(Agent.ServerId)], "Servers")
            .UseCollation(string.Empty, "C").HasDatabaseName("ix_agents_servers");

        builder.Property(agent => agent.ProjectId).HasMaxLength(ProjectId.MaxLength);
        builder.Property(agent => agent.Id).ValueGeneratedNever();
        builder.Property(agent => agent.ServerId).HasMaxLength(SoftwareDeployment.MaxServerIdLength);
    }
}
