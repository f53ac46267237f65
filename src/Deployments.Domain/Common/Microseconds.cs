namespace Deployments.Domain.Common;

/// <summary>Times as storage keeps them.</summary>
internal static class Microseconds
{
    /// <summary>The time without what is less than a microsecond: what is set must be what is read back.</summary>
    public static DateTimeOffset ToMicroseconds(this DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
