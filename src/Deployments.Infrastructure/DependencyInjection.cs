using Deployments.Application.Agents;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Application.Retention;
using Deployments.Application.Servers;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure.Agents;
using Deployments.Infrastructure.BackgroundJobs;
using Deployments.Infrastructure.Batching;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.GroupedReads;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Deployments.Infrastructure.Retention;
using Deployments.Infrastructure.Servers;
using Deployments.Infrastructure.SoftwareConfigs;
using Deployments.Infrastructure.SoftwareDeployments;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure;

/// <summary>Registers the database.</summary>
public static class DependencyInjection
{
    /// <summary>The name of the connection string, <c>ConnectionStrings:Deployments</c>.</summary>
    public const string ConnectionName = "Deployments";

    /// <summary>The name of the connection string past a pooler, <c>ConnectionStrings:Listen</c>.</summary>
    public const string ListenConnectionName = "Listen";

    /// <summary>The tag of the health check of the database.</summary>
    public const string ReadyTag = "ready";

    /// <summary>Adds the stores on PostgreSQL, the migrations at start, and the health check tagged <see cref="ReadyTag"/>.</summary>
    public static IServiceCollection AddInfrastructure(this IServiceCollection services)
    {
        // Npgsql's own message may quote a part of the connection string, and so of the password.
        services.AddOptions<DatabaseOptions>()
            .Configure<IConfiguration>((options, configuration) =>
            {
                options.ConnectionString = configuration.GetConnectionString(ConnectionName);
                options.ListenConnectionString = configuration.GetConnectionString(ListenConnectionName) is { Length: > 0 } listen ? listen : null;
            })
            .Validate(options => DataSources.IsUsable(options.ConnectionString), IsNotUsable(ConnectionName))
            .Validate(
                options => options.ListenConnectionString is not { } listen || DataSources.IsUsable(listen), IsNotUsable(ListenConnectionName))
            .ValidateOnStart();
        services.AddOptions<MigrationOptions>()
            .Configure<IConfiguration>((options, configuration) => configuration.GetSection(MigrationOptions.Section).Bind(options))
            .ValidateOnStart();
        services.AddSingleton(provider => DataSources.Create(
            provider.GetRequiredService<IOptions<DatabaseOptions>>().Value.ConnectionString, provider.GetRequiredService<Pooler>()));
        services.AddSingleton<GroupConnections>();
        services.AddPooledDbContextFactory<DeploymentsDbContext>((provider, options) =>
            options.UseDeployments(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton<IDatabaseSchema>(provider =>
            new DatabaseSchema(
                provider.GetRequiredService<NpgsqlDataSource>,
                provider.GetRequiredService<IOptions<DatabaseOptions>>(),
                provider.GetRequiredService<IOptions<TimeBudgets>>()));
        services.AddSingleton(provider => new HealthDataSource(
            DataSources.CreateForHealth(
                provider.GetRequiredService<IOptions<DatabaseOptions>>().Value.ConnectionString,
                provider.GetRequiredService<Pooler>(),
                provider.GetRequiredService<IOptions<TimeBudgets>>().Value.HealthCheck)));
        services.AddSingleton<DatabaseReadiness>();
        services.AddSingleton<DatabaseExecutor>();
        services.AddSingleton(provider =>
        {
            // A pooler in transaction mode delivers no notification.
            var options = provider.GetRequiredService<IOptions<DatabaseOptions>>().Value;
            var connectionString = options.ListenConnectionString
                ?? (provider.GetRequiredService<Pooler>().SharesSessions ? null : options.ConnectionString);
            return new FeedDataSource(
                connectionString is null ? null : DataSources.CreateForFeed(connectionString), provider.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton<FeedEpochs>();
        services.AddSingleton<ChangeFeedReader>();
        services.AddSingleton<IChangeFeed>(provider => provider.GetRequiredService<ChangeFeedReader>());
        services.AddSingleton<ChangeHub>();
        services.AddSingleton<IChangeWaiter>(provider => provider.GetRequiredService<ChangeHub>());
        services.AddHostedService(provider => provider.GetRequiredService<ChangeHub>());
        services.AddHostedService<ChangeListener>();
        services.AddHostedService<PendingFeedReader>();
        services.AddHostedService<MissedChangeCheck>();
        services.AddSingleton<ChangeSignal>();
        services.AddHostedService(provider => provider.GetRequiredService<ChangeSignal>());
        services.AddGroupCommit<PendingInsert>(provider => new InsertGroup(
            provider.GetRequiredService<GroupConnections>(), provider.GetRequiredService<ChangeSignal>()));
        services.AddGroupCommit<PendingChange>(provider => new ChangeGroup(
            provider.GetRequiredService<GroupConnections>(), provider.GetRequiredService<ChangeSignal>()));
        services.AddGroupReader(DeploymentQueries.ById);
        services.AddGroupReader(AgentStore.Servers);
        services.AddGroupReader(AgentStore.Runs);
        services.AddGroupReader(AgentStore.Outputs);
        services.AddHostedService<DeadlineExpiryJob>();
        services.AddHostedService<ConnectionProbeJob>();
        services.AddHostedService<DeletedHistoryPurgeJob>();
        services.AddHostedService<EventCompletionJob>();
        services.AddHostedService<RetentionJob>();
        services.AddSingleton<IRetention, Pruning>();
        services.AddSingleton<IDeploymentCommands, DeploymentCommands>();
        services.AddSingleton<IDeploymentQueries, DeploymentQueries>();
        services.AddSingleton<IConfigStore, ConfigStore>();
        services.AddSingleton<IServerQueries, ServerQueries>();
        services.AddSingleton<AgentSightings>();
        services.AddHostedService<AgentSightingsJob>();
        services.AddSingleton<IAgentStore, AgentStore>();

        services.AddSingleton<DatabaseHealthCheck>(); // remembers what it has logged
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database", tags: [ReadyTag]);
        services.AddSingleton<MigrationJob>();
        services.AddHostedService(provider => provider.GetRequiredService<MigrationJob>());
        return services;
    }

    /// <summary>Keeps the keys of data protection in the database, so that all instances have the same.</summary>
    public static IDataProtectionBuilder PersistKeysToDatabase(this IDataProtectionBuilder builder) =>
        builder.SetApplicationName(ConnectionName).PersistKeysToDbContext<DeploymentsDbContext>();

    private static string IsNotUsable(string connectionName) =>
        $"ConnectionStrings:{connectionName} is not in Npgsql's form, for example Host=db;Database=deployments;Username=deployments;Password=….";

    private static void AddGroupCommit<TEntry>(this IServiceCollection services, Func<IServiceProvider, IGroupCommand<TEntry>> createCommand)
        where TEntry : IPendingWrite
    {
        services.AddSingleton<Func<IGroupCommand<TEntry>>>(provider => () => createCommand(provider));
        services.AddSingleton<GroupCommitWriter<TEntry>>();
        services.AddHostedService(provider => provider.GetRequiredService<GroupCommitWriter<TEntry>>());
    }

    private static void AddGroupReader<TKey, TResult>(this IServiceCollection services, GroupedStatement<TKey, TResult> statement)
        where TKey : struct, IReadKey
        where TResult : class
    {
        services.AddSingleton(statement);
        services.AddSingleton<GroupReader<TKey, TResult>>();
    }
}
