using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareConfigs;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Npgsql;

namespace Deployments.Infrastructure.Postgres.Model;

/// <remarks>
/// A new migration: <c>dotnet ef migrations add Name --project src/Deployments.Infrastructure --output-dir Postgres/Model/Migrations</c>.
/// </remarks>
internal sealed class DeploymentsDbContext(DbContextOptions<DeploymentsDbContext> options) : DbContext(options), IDataProtectionKeyContext
{
    public DbSet<SoftwareDeployment> SoftwareDeployments => Set<SoftwareDeployment>();

    public DbSet<ProjectShare> ProjectShares => Set<ProjectShare>();

    public DbSet<DeploymentEvent> DeploymentEvents => Set<DeploymentEvent>();

    public DbSet<SoftwareConfig> SoftwareConfigs => Set<SoftwareConfig>();

    public DbSet<Agent> Agents => Set<Agent>();

    /// <summary>The keys of the console's cookies.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(DeploymentsDbContext).Assembly);
}

/// <summary>Lets <c>dotnet ef</c> build the context without a database or a host.</summary>
internal sealed class DesignTimeContextFactory : IDesignTimeDbContextFactory<DeploymentsDbContext>
{
    public DeploymentsDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<DeploymentsDbContext>().UseDeployments(source: null).Options);
}

/// <summary>How the context reaches the database, and names what is in it.</summary>
internal static class DeploymentsDbContextOptions
{
    public static TBuilder UseDeployments<TBuilder>(this TBuilder options, NpgsqlDataSource? source)
        where TBuilder : DbContextOptionsBuilder
    {
        _ = source is null ? options.UseNpgsql() : options.UseNpgsql(source);
        options.UseSnakeCaseNamingConvention();
        return options;
    }
}
