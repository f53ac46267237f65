using Deployments.Application.Common;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Healthy if the database responds and meets the service's requirements. Each reason for not being ready is logged once.</summary>
internal sealed partial class DatabaseHealthCheck(
    DatabaseReadiness readiness,
    IOptions<DatabaseOptions> options,
    IOptions<TimeBudgets> budgets,
    TimeProvider clock,
    ILogger<DatabaseHealthCheck> logger) : IHealthCheck
{
    private string? lastReason;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var deadline = new CancellationTokenSource(budgets.Value.HealthCheck, clock);
        await using var abort = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        var check = readiness.FindMissingAsync(deadline.Token);
        try
        {
            var missing = await check.WaitAsync(deadline.Token);
            LogOnce(missing);
            return missing is null ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(missing);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            _ = check.ContinueWith(static late => late.Exception, TaskScheduler.Default);
            LogOnce(await ConnectionRefusal.ExplainAsync(exception, options.Value.ConnectionString, budgets.Value.HealthCheck));
            return HealthCheckResult.Unhealthy("The database cannot be reached.", exception);
        }
    }

    private void LogOnce(string? reason)
    {
        if (Interlocked.Exchange(ref lastReason, reason) != reason && reason is not null)
        {
            LogNotReady(reason);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Not ready: {Reason}")]
    private partial void LogNotReady(string reason);
}
