using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>Seconds of processor time, from /proc.</summary>
internal static class Cpu
{
    private const double TicksPerSecond = 100;

    public static double Of(int process) => Times(process)[..2].Sum() / TicksPerSecond;

    // This process and its ended children.
    public static double OfGenerators() => Times(Environment.ProcessId).Sum() / TicksPerSecond;

    // A process, its children and its ended children.
    public static double OfTree(int process) =>
        (Times(process).Sum() / TicksPerSecond) + Processes.ChildrenOf(process).Sum(Of);

    private static long[] Times(int process)
    {
        const int userTime = 11;
        var fields = Processes.StatOf(process);
        return fields.Length == 0 ? [0, 0, 0, 0] : [.. fields[userTime..(userTime + 4)].Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
    }
}
