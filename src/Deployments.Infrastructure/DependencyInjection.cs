using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure.BackgroundJobs;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Deployments.Infrastructure.SoftwareConfigs;
using Deployments.Infrastructure.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure;

/// <summary>Registers storage.</summary>
public static class DependencyInjection
{
    /// <summary>The name of the connection string, <c>ConnectionStrings:Deployments</c>.</summary>
    public const string ConnectionName = "Deployments";

    /// <summary>The tag of the health check that asks the database.</summary>
    public const string ReadyTag = "ready";

    /// <summary>Adds the stores on PostgreSQL, the migrations at start, and the health check tagged <see cref="ReadyTag"/>.</summary>
    public static IServiceCollection AddInfrastructure(this IServiceCollection services)
    {
        // What Npgsql says may quote a part of the connection string, and so of the password.
        services.AddOptions<DatabaseOptions>()
            .Configure<IConfiguration>((options, configuration) =>
            {
                options.ConnectionString = configuration.GetConnectionString(ConnectionName);
                options.MigrateOnStart = configuration.GetValue("Deployments:MigrateOnStart", options.MigrateOnStart);
            })
            .Validate(
                options => IsUsable(options.ConnectionString),
                $"ConnectionStrings:{ConnectionName} is not in Npgsql's form, for example Host=db;Database=deployments;Username=deployments;Password=….")
            .ValidateOnStart();
        services.AddSingleton(provider => CreateDataSource(provider.GetRequiredService<IOptions<DatabaseOptions>>().Value.ConnectionString));
        services.AddPooledDbContextFactory<DeploymentsDbContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>())
            .UseSnakeCaseNamingConvention());
        services.AddSingleton<DatabaseExecutor>();
        services.AddSingleton<GroupCommitWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<GroupCommitWriter>());
        services.AddHostedService<DeadlineExpiryJob>();
        services.AddSingleton<IDeploymentStore, DeploymentStore>();
        services.AddSingleton<IConfigStore, ConfigStore>();

        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database", tags: [ReadyTag]);
        services.AddHostedService<MigrationJob>();
        return services;
    }

    private static bool IsUsable(string? connectionString)
    {
        try
        {
            CreateDataSource(connectionString).Dispose();
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException or NotSupportedException)
        {
            return false;
        }
    }

    private static NpgsqlDataSource CreateDataSource(string? connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments" }; // of its pool, in metrics
        var settings = builder.ConnectionStringBuilder;

        // What the operator does not say: an unreachable host is given up early, and no Kerberos library is looked for.
        settings.TryAdd("Timeout", 3);
        settings.TryAdd("GSS Encryption Mode", "Disable");

        // What is asked again and again is planned once. And a connection goes to its next user as it is: all that is ever left behind on
        // one is how its statements are planned (DeploymentInsert), which changes no result.
        settings.TryAdd("Max Auto Prepare", 50);
        settings.TryAdd("No Reset On Close", true);

        // Of several hosts, one that has just become the primary is to be found soon.
        settings.TryAdd("Host Recheck Seconds", 1);

        // PostgreSQL grants 100 connections to all comers: another instance, and an operator, need some of them.
        settings.TryAdd("Maximum Pool Size", 40);

        return builder.Build();
    }

    private static void TryAdd(this NpgsqlConnectionStringBuilder settings, string keyword, object value)
    {
        if (!settings.ShouldSerialize(keyword))
        {
            settings[keyword] = value;
        }
    }
}
