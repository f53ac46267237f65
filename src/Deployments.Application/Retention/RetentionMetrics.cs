using System.Diagnostics.Metrics;
using Deployments.Application.SoftwareDeployments;

namespace Deployments.Application.Retention;

/// <summary>Metrics of retention, of the meter <see cref="DeploymentMetrics.MeterName"/>.</summary>
public static class RetentionMetrics
{
    private static readonly Meter Meter = new(DeploymentMetrics.MeterName);

    /// <summary>Counts the deployments that were deleted.</summary>
    public static Counter<long> Deployments { get; } = Meter.CreateCounter<long>(
        "deployments.retention.deployments", "{deployment}", "Deployments deleted because they had not changed for the days that they are retained.");

    /// <summary>Counts the configurations that were deleted.</summary>
    public static Counter<long> Configs { get; } = Meter.CreateCounter<long>(
        "deployments.retention.configs", "{config}", "Configurations deleted because they were old and no deployment referred to them.");

    /// <summary>Measures how far retention is behind.</summary>
    public static Gauge<double> Behind { get; } = Meter.CreateGauge<double>(
        "deployments.retention.behind",
        "s",
        "How long ago the last complete pass over all deployments and configurations began, or the instance started; 0 if nothing is deleted.");
}
