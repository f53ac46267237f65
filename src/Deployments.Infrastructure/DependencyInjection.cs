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
    /// <exception cref="InvalidOperationException">A setting cannot be read; the message tells which, and holds no secret.</exception>
    public static IServiceCollection AddInfrastructure(this IServiceCollection services, IConfiguration configuration)
    {
        CheckConnectionString(configuration.GetConnectionString(ConnectionName));
        services.AddSingleton(_ => CreateDataSource(configuration.GetConnectionString(ConnectionName)));
        services.AddPooledDbContextFactory<DeploymentsDbContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>())
            .UseSnakeCaseNamingConvention());
        services.AddSingleton(_ => new HealthDataSource(CreateHealthDataSource(configuration.GetConnectionString(ConnectionName))));
        services.AddSingleton<DatabaseRequirements>();
        services.AddSingleton<PooledConnections>();
        services.AddSingleton<DatabaseExecutor>();
        services.AddSingleton<GroupCommitWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<GroupCommitWriter>());
        services.AddHostedService<DeadlineExpiryJob>();
        services.AddSingleton<IDeploymentCommands, DeploymentCommands>();
        services.AddSingleton<IDeploymentQueries, DeploymentQueries>();
        services.AddSingleton<IConfigStore, ConfigStore>();

        services.AddSingleton<DatabaseHealthCheck>(); // remembers what the log was told
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database", tags: [ReadyTag]);
        if (configuration.GetValue("Deployments:MigrateOnStart", true))
        {
            services.AddHostedService<MigrationJob>();
        }

        return services;
    }

    private static void CheckConnectionString(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            return;
        }

        try
        {
            CreateDataSource(connectionString).Dispose();
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException or NotSupportedException)
        {
            // What Npgsql says may quote a part of the string, and so of the password.
            throw new InvalidOperationException(
                $"ConnectionStrings:{ConnectionName} is not in Npgsql's form, for example Host=db;Database=deployments;Username=deployments;Password=….");
        }
    }

    private static NpgsqlDataSource CreateHealthDataSource(string? connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments-health" };
        var settings = builder.ConnectionStringBuilder;
        settings["GSS Encryption Mode"] = "Disable";
        settings["Maximum Pool Size"] = 1;
        settings["Minimum Pool Size"] = 0;
        settings["Timeout"] = 2;
        settings["Command Timeout"] = 2;
        settings["Cancellation Timeout"] = -1; // a connection that does not respond is exchanged at once
        settings["Max Auto Prepare"] = 0;
        return builder.Build();
    }

    private static NpgsqlDataSource CreateDataSource(string? connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments" }; // of its pool, in metrics
        var settings = builder.ConnectionStringBuilder;

        // What the operator does not say: an unreachable host is given up early, and no Kerberos library is looked for.
        settings.TryAdd("Timeout", 3);
        settings.TryAdd("GSS Encryption Mode", "Disable");

        // A connection is free again soon after its statement's caller was let go, also where the server has vanished without a reset.
        settings.TryAdd("Command Timeout", 5);
        settings.TryAdd("Cancellation Timeout", 500);

        // What is asked again and again is planned once. And a connection goes to its next user as it is: all that is ever left behind on
        // one is how its statements are planned (InsertDeploymentsCommand), which changes no result.
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
