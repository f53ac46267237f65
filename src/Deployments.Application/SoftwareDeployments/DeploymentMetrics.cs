using System.Diagnostics.Metrics;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>Metrics of deployments, in addition to those of ASP.NET Core and Npgsql. They cost nothing without a listener.</summary>
public static class DeploymentMetrics
{
    /// <summary>The name of the meter that a listener subscribes to.</summary>
    public const string MeterName = "Deployments";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Counts created deployments.</summary>
    public static Counter<long> Created { get; } =
        Meter.CreateCounter<long>("deployments.created", "{deployment}", "Deployments stored, alone or in a batch.");

    /// <summary>Counts deployments that a retry with the same idempotency key returned.</summary>
    public static Counter<long> Replayed { get; } =
        Meter.CreateCounter<long>("deployments.replayed", "{deployment}", "Deployments returned again for a repeated idempotency key.");

    /// <summary>Counts deployments whose deadline passed.</summary>
    public static Counter<long> Expired { get; } =
        Meter.CreateCounter<long>("deployments.expired", "{deployment}", "Deployments set to FAILED because their deadline passed.");

    /// <summary>Measures for how long overdue deployments may have stayed in progress.</summary>
    public static Gauge<double> ExpiryBehind { get; } = Meter.CreateGauge<double>(
        "deployments.expiry.behind",
        "s",
        "How long ago the last look for overdue deployments began that left none in progress, or the instance started.");

    /// <summary>Counts the outcomes that came too late.</summary>
    public static Counter<long> LateSignals { get; } = Meter.CreateCounter<long>(
        "deployments.signals.late", "{signal}", "Outcomes that agents reported after a deadline had failed their deployment; they are ignored.");

    /// <summary>Measures the groups in which new deployments are written.</summary>
    public static Histogram<int> GroupSize { get; } = Meter.CreateHistogram(
        "deployments.write.group_size",
        "{deployment}",
        "Number of deployments stored by one statement.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000] });
}
