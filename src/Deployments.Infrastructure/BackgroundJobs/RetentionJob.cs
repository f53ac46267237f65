using Deployments.Application.Common;
using Deployments.Application.Retention;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Retention;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>
/// Deletes deployments, and configurations that are not used, by their age, in a pass that each instance makes once an hour. One instance works
/// at a time, so that callers do not notice.
/// </summary>
internal sealed partial class RetentionJob(
    MigrationJob migration,
    DatabaseExecutor database,
    RequestDeadline deadline,
    ChangeSignal signal,
    IOptions<RetentionOptions> options,
    TimeProvider clock,
    ILogger<RetentionJob> logger) : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PassInterval = TimeSpan.FromHours(1);

    private readonly DaySum day = new(clock);
    private RetentionPass? pass; // goes on after a failure
    private DateTimeOffset lastPass = clock.GetUtcNow();
    private DateTimeOffset nextPass;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Reported from the start, and where nothing is deleted.
        RetentionMetrics.Deployments.Add(0);
        RetentionMetrics.Configs.Add(0);
        RetentionMetrics.Behind.Record(0);
        if (options.Value.At(clock.GetUtcNow()) is null)
        {
            return;
        }

        await migration.WaitUntilCurrentAsync(stoppingToken);
        await PeriodicJob.RunAsync(RetryInterval, clock, DeleteAllOverdueAsync, stoppingToken);
        var (today, sum) = day.Take();
        if (sum != default)
        {
            LogSum(sum.Deployments, sum.Configs, today);
        }
    }

    private async Task DeleteAllOverdueAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (clock.GetUtcNow() >= nextPass && await ContinueAsync(stoppingToken))
            {
                ReportSumOfDay();
            }
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogMissed(DatabaseFailure.Describe(exception));
        }

        ReportSumOfDay();
        RetentionMetrics.Behind.Record((clock.GetUtcNow() - lastPass).TotalSeconds);
    }

    /// <returns>Whether there may be more; not if another instance is at work.</returns>
    private async Task<bool> ContinueAsync(CancellationToken stoppingToken)
    {
        pass ??= new RetentionPass(
            options.Value.At(clock.GetUtcNow())!, isDryRun: false, isAlone: true, database, deadline, signal, clock);
        if (await pass.ContinueAsync(stoppingToken) is not { } deleted)
        {
            LogBusy();
            pass = pass.HasBegun ? pass : null; // the rules are those of the time at which it begins
            return false;
        }

        RetentionMetrics.Deployments.Add(deleted.Deployments);
        RetentionMetrics.Configs.Add(deleted.Configs);
        day.Add(deleted);
        if (!pass.IsComplete)
        {
            RetentionMetrics.Behind.Record((clock.GetUtcNow() - lastPass).TotalSeconds);
            return true;
        }

        LogComplete(pass.Start);
        (lastPass, nextPass, pass) = (pass.Start, pass.Start + PassInterval, null);
        return false;
    }

    private void ReportSumOfDay()
    {
        if (day.TakeIfOver() is { } over)
        {
            LogSum(over.Sum.Deployments, over.Sum.Configs, over.Day);
        }
    }

    [LoggerMessage(LogLevel.Information, "Retention deleted {Deployments} deployments and {Configs} configurations on {Day:yyyy-MM-dd} (UTC).")]
    private partial void LogSum(long deployments, long configs, DateOnly day);

    [LoggerMessage(LogLevel.Debug, "Retention waits: another instance is at work.")]
    private partial void LogBusy();

    [LoggerMessage(LogLevel.Debug, "A pass of retention is complete: what was overdue at {Start:O} is deleted.")]
    private partial void LogComplete(DateTimeOffset start);

    [LoggerMessage(LogLevel.Warning, "Retention could not go on, trying again: {Reason}")]
    private partial void LogMissed(string reason);
}
