using Deployments.Application.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Migrates the schema at start, or waits until somebody else has migrated it, and retries until it succeeds.</summary>
internal sealed partial class MigrationJob(IDatabaseSchema schema, IOptions<MigrationOptions> options, ILogger<MigrationJob> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string? logged = null; // each reason once
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (options.Value.MigrateOnStart)
                {
                    await schema.MigrateAsync(LogApplying, stoppingToken);
                }

                var missing = await schema.FindMissingAsync(stoppingToken);
                if (missing.Count == 0)
                {
                    LogReady();
                    return;
                }

                var names = string.Join(", ", missing);
                if (names != logged)
                {
                    LogMissing(names);
                    logged = names;
                }
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return; // a host that did not start would log it as a failure
            }
            catch (Exception exception)
            {
                var reason = await schema.ExplainAsync(exception);
                if (reason != logged)
                {
                    LogNotYet(reason);
                    logged = reason;
                }
            }

            await Task.Delay(RetryInterval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Information, "Applying the migration {Migration}.")]
    private partial void LogApplying(string migration);

    [LoggerMessage(LogLevel.Information, "The database is reachable and its schema is current.")]
    private partial void LogReady();

    [LoggerMessage(
        LogLevel.Warning,
        "The database's schema is not current: it lacks {Migrations}. Run the command migrate: Deployments:MigrateOnStart is false.")]
    private partial void LogMissing(string migrations);

    [LoggerMessage(LogLevel.Warning, "The database is not ready, trying again: {Reason}")]
    private partial void LogNotYet(string reason);
}
