using System.Diagnostics.Metrics;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>What is counted of deployments, beside what ASP.NET Core and Npgsql measure by themselves. It costs nothing while nobody listens.</summary>
public static class DeploymentMetrics
{
    /// <summary>The name under which a listener finds all of them.</summary>
    public const string MeterName = "Deployments";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Counts what is new.</summary>
    public static Counter<long> Created { get; } =
        Meter.CreateCounter<long>("deployments.created", "{deployment}", "Deployments stored, alone or in a batch.");

    /// <summary>Counts what was sent again.</summary>
    public static Counter<long> Replayed { get; } =
        Meter.CreateCounter<long>("deployments.replayed", "{deployment}", "Deployments returned again for a repeated idempotency key.");

    /// <summary>Counts what came too late.</summary>
    public static Counter<long> Expired { get; } =
        Meter.CreateCounter<long>("deployments.expired", "{deployment}", "Deployments set to FAILED because their deadline passed.");

    /// <summary>Measures the groups that new deployments are written in.</summary>
    public static Histogram<int> GroupSize { get; } = Meter.CreateHistogram(
        "deployments.write.group_size",
        "{deployment}",
        "Number of deployments stored by one statement.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000] });
}
