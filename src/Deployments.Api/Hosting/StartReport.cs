using Deployments.Api.Authentication.Jwt;
using Deployments.Api.Options;
using Deployments.Application.Common;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Hosting;

/// <summary>Logs once, at start, what runs here and over what, and each unknown setting.</summary>
internal sealed partial class StartReport(
    IConfiguration configuration,
    KnownSettings settings,
    IHostEnvironment environment,
    IDatabaseSchema schema,
    JwtValidator tokens,
    IOptions<TimeBudgets> budgets,
    TimeProvider clock,
    ILogger<StartReport> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var (name, nearest) in settings.FindUnknown(configuration))
        {
            LogUnknownSetting(name, nearest);
        }

        LogStart(ServiceVersion.Text, environment.EnvironmentName, schema.Database, await DescribeSchemaAsync(stoppingToken), tokens.Keys);
    }

    private async Task<string> DescribeSchemaAsync(CancellationToken stoppingToken)
    {
        using var deadline = new CancellationTokenSource(budgets.Value.HealthCheck, clock);
        await using var abort = stoppingToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        try
        {
            var missing = await schema.FindMissingAsync(deadline.Token).WaitAsync(deadline.Token);
            return missing.Count == 0 ? "current" : $"without {string.Join(", ", missing)}";
        }
        catch (Exception)
        {
            return "unknown, as the database cannot be used yet"; // what waits for the database logs the reason
        }
    }

    [LoggerMessage(LogLevel.Information, "Deployments {Version}, environment {Environment}, database {Database}, schema {Schema}, keys: {Keys}.")]
    private partial void LogStart(string version, string environment, string database, string schema, string keys);

    [LoggerMessage(LogLevel.Warning, "{Setting} is not a setting of this service and has no effect. The nearest is {Nearest}.")]
    private partial void LogUnknownSetting(string setting, string nearest);
}
