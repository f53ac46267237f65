namespace Deployments.FaultTests.Support;

/// <summary>How much of each fault there is: a few rounds for every run, and what is promised with <c>FAULTS=full</c>.</summary>
internal static class TestScale
{
    private static readonly bool IsFull = Environment.GetEnvironmentVariable("FAULTS") == "full";

    public static int Kills { get; } = IsFull ? 20 : 3;

    public static int Failovers { get; } = IsFull ? 5 : 2;

    public static int Stops { get; } = IsFull ? 10 : 3;

    public static int Cuts { get; } = IsFull ? 500 : 60;

    public static TimeSpan Termination { get; } = TimeSpan.FromSeconds(IsFull ? 60 : 6);

    public static TimeSpan Silence { get; } = TimeSpan.FromSeconds(IsFull ? 30 : 8);

    public static TimeSpan Overload { get; } = TimeSpan.FromSeconds(IsFull ? 60 : 8);

    public static int ConditionalRounds { get; } = IsFull ? 1_000 : 200;

    public static int DeadlineRounds { get; } = IsFull ? 5 : 1;
}

/// <summary>What the service promises, whatever fails. A promise is about time, so these are limits and no measurements.</summary>
internal static class ServiceLevels
{
    /// <summary>How late an answer may come: five seconds, and what the client itself takes to notice it on a busy machine.</summary>
    public static TimeSpan Answer { get; } = TimeSpan.FromSeconds(5.5);

    /// <summary>How long after the database is back the first deployment is stored.</summary>
    public static TimeSpan Recovery { get; } = TimeSpan.FromSeconds(5);

    /// <summary>How long after a standby was promoted the first deployment is stored.</summary>
    public static TimeSpan Failover { get; } = TimeSpan.FromSeconds(10);

    /// <summary>How long after its deadline a deployment has failed.</summary>
    public static TimeSpan Expiry { get; } = TimeSpan.FromSeconds(2);

    /// <summary>How long 99 of 100 accepted requests take at most when there are far too many.</summary>
    public static TimeSpan AcceptedUnderOverload { get; } = TimeSpan.FromSeconds(2);

    /// <summary>How much memory a fault of the database may cost the service, in MiB.</summary>
    public const double MemoryGrowth = 100;

    /// <summary>The same for the buffers of all the connections of those who ask too much.</summary>
    public const double MemoryGrowthUnderOverload = 400;
}
