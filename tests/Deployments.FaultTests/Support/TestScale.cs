namespace Deployments.FaultTests.Support;

/// <summary>How many rounds of each fault there are: a few by default, all with <c>FAULTS=full</c>.</summary>
internal static class TestScale
{
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("FAULTS") == "full";

    public static int Kills { get; } = IsFull ? 20 : 3;

    public static int Failovers { get; } = IsFull ? 5 : 2;

    public static int Stops { get; } = IsFull ? 10 : 3;

    public static int RollingRestarts { get; } = IsFull ? 5 : 2;

    public static TimeSpan LongWait { get; } = TimeSpan.FromSeconds(IsFull ? 50 : 3);

    public static int Cuts { get; } = IsFull ? 500 : 60;

    public static int AgentKills { get; } = IsFull ? 100 : 10;

    public static int AgentCuts { get; } = IsFull ? 50 : 5;

    public static TimeSpan Termination { get; } = TimeSpan.FromSeconds(IsFull ? 60 : 6);

    public static TimeSpan Silence { get; } = TimeSpan.FromSeconds(IsFull ? 30 : 8);

    public static TimeSpan Overload { get; } = TimeSpan.FromSeconds(IsFull ? 60 : 8);

    public static int ConditionalRounds { get; } = IsFull ? 1_000 : 200;

    public static int DeadlineRounds { get; } = IsFull ? 5 : 1;

    public static int Changes { get; } = IsFull ? 100_000 : 6_000;

    public static TimeSpan LargeBatches { get; } = TimeSpan.FromSeconds(IsFull ? 60 : 8);
}

/// <summary>
/// The limits that the service keeps to, whatever fails. Those of time need a machine with nothing else to do: in the short form they are
/// twice as long.
/// </summary>
internal static class ServiceLevels
{
    private static readonly int TimeFactor = TestScale.IsFull ? 1 : 2;

    /// <summary>The maximum time of a response: five seconds, and what the client needs to notice it on a busy machine.</summary>
    public static TimeSpan Response { get; } = TimeFactor * TimeSpan.FromSeconds(5.5);

    /// <summary>The maximum time of a response to a client that has nothing else to do.</summary>
    public static TimeSpan ResponseWithoutLoad { get; } = TimeFactor * TimeSpan.FromSeconds(5);

    /// <summary>The maximum time from the return of the database to the first stored deployment.</summary>
    public static TimeSpan Recovery { get; } = TimeFactor * TimeSpan.FromSeconds(5);

    /// <summary>The maximum time from the promotion of a standby to the first stored deployment.</summary>
    public static TimeSpan Failover { get; } = TimeFactor * TimeSpan.FromSeconds(10);

    /// <summary>The maximum time from a deadline to the failure of its deployment.</summary>
    public static TimeSpan Expiry { get; } = TimeFactor * TimeSpan.FromSeconds(2);

    /// <summary>The maximum time from the response to the revocation of an agent to the end of its held requests.</summary>
    public static TimeSpan Revocation { get; } = TimeFactor * TimeSpan.FromSeconds(1);

    /// <summary>The maximum 99th percentile of accepted requests under overload.</summary>
    public static TimeSpan AcceptedUnderOverload { get; } = TimeFactor * TimeSpan.FromSeconds(2);

    /// <summary>The maximum growth of memory while the database fails, in MiB.</summary>
    public const double MemoryGrowth = 100;

    /// <summary>The same under overload, for the buffers of all connections.</summary>
    public const double MemoryGrowthUnderOverload = 400;

    /// <summary>The same while a history is read, however long it is.</summary>
    public const double MemoryGrowthOfReaders = 100;

    /// <summary>The same while agents read documents of large configurations: less than half of one document.</summary>
    public const double MemoryGrowthOfDocuments = 400;

    /// <summary>The maximum 99th percentile of a project's requests while another sends batches without pause.</summary>
    public static TimeSpan AcceptedBesideBatches { get; } = TimeSpan.FromMilliseconds(250);
}
