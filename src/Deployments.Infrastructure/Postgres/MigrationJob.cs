using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// Migrates the schema at start, and retries until it succeeds. With an advisory lock any number of instances may start at once: one
/// migrates, the others wait and find the schema current.
/// </summary>
internal sealed partial class MigrationJob(
    IDbContextFactory<DeploymentsDbContext> contexts, IOptions<DatabaseOptions> options, ILogger<MigrationJob> logger) : BackgroundService
{
    private const long MigrationLock = 0x6465706C6F79; // "deploy"
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (options.Value.MigrateOnStart)
        {
            try
            {
                await MigrateAsync(stoppingToken);
                LogReady();
                return;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotYet(await ConnectionRefusal.ExplainAsync(exception, options.Value.ConnectionString));
                await Task.Delay(RetryInterval, stoppingToken);
            }
        }
    }

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var database = context.Database;
        database.SetCommandTimeout(TimeSpan.FromMinutes(10)); // waiting for another instance's migration, or migrating

        if (!(await database.GetPendingMigrationsAsync(cancellationToken)).Any())
        {
            return;
        }

        await database.OpenConnectionAsync(cancellationToken);
        await database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", cancellationToken);
        try
        {
            await database.MigrateAsync(cancellationToken);
        }
        finally
        {
            await database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", CancellationToken.None);
        }
    }

    [LoggerMessage(LogLevel.Information, "The database is reachable and its schema is current.")]
    private partial void LogReady();

    [LoggerMessage(LogLevel.Warning, "The database is not ready, trying again: {Reason}")]
    private partial void LogNotYet(string reason);
}
