namespace Deployments.Domain.Common;

/// <summary>Times in the precision of the database.</summary>
internal static class Microseconds
{
    /// <summary>The time cut to whole microseconds, so that the value read back equals the value set.</summary>
    public static DateTimeOffset ToMicroseconds(this DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
