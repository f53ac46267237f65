using Deployments.Application.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Migrates the schema at start, or waits until somebody else has migrated it, and retries until it succeeds.</summary>
internal sealed partial class MigrationJob(
    IDatabaseSchema schema, IOptions<MigrationOptions> options, IHostApplicationLifetime lifetime, ILogger<MigrationJob> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource current = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until the schema is current: between two migrations, a statement may lack one of its columns.</summary>
    public Task WaitUntilCurrentAsync(CancellationToken cancellationToken) => current.Task.WaitAsync(cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A start that fails for another reason reports nothing but that.
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var starting = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);

        string? logged = null; // each reason once
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (options.Value.MigrateOnStart)
                {
                    await schema.MigrateAsync(target: null, LogApplying, stoppingToken);
                }

                var missing = await schema.FindMissingAsync(stoppingToken);
                if (missing.Count == 0)
                {
                    LogReady();
                    current.TrySetResult();
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
