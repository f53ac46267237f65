using System.Diagnostics.Metrics;
using Deployments.Application.SoftwareDeployments;

namespace Deployments.Application.ChangeFeed;

/// <summary>Metrics of the change feed, of the meter <see cref="DeploymentMetrics.MeterName"/>.</summary>
public static class FeedMetrics
{
    private static readonly Meter Meter = new(DeploymentMetrics.MeterName);

    /// <summary>Counts the requests that are held.</summary>
    public static UpDownCounter<int> Waiting { get; } =
        Meter.CreateUpDownCounter<int>("deployments.feed.waiting", "{request}", "Requests that are held until something changes.");

    /// <summary>Counts the events that were read.</summary>
    public static Counter<long> EventsRead { get; } =
        Meter.CreateCounter<long>("deployments.feed.events_read", "{event}", "Events returned from the change feed.");

    /// <summary>Counts the held requests that a change woke.</summary>
    public static Counter<long> Wakes { get; } =
        Meter.CreateCounter<long>("deployments.feed.wakes", "{request}", "Held requests that were woken by a change.");

    /// <summary>Counts the changes that were found without a signal.</summary>
    public static Counter<long> LostSignals { get; } = Meter.CreateCounter<long>(
        "deployments.feed.lost_signals", "{change}", "Changes of which no signal had come, found by the check once a second.");

    /// <summary>Measures how far the feed is behind.</summary>
    public static Gauge<double> Lag { get; } = Meter.CreateGauge<double>(
        "deployments.feed.lag", "s", "How long the oldest open transaction has delayed the feed; 0 if there is none.");
}
