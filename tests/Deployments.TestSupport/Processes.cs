using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Deployments.TestSupport;

/// <summary>Signals to processes, and what the kernel reports of them.</summary>
internal static class Processes
{
    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(5);

    public static void Send(Signal signal, int process)
    {
        if (Kill(process, (int)signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    public static IReadOnlyList<int> ChildrenOf(int process) =>
    [
        .. File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture)),
    ];

    public static int ParentOf(int process) => int.Parse(StatOf(process)[1], CultureInfo.InvariantCulture);

    /// <summary>The numbers of a process in <c>/proc</c>, from its state on; none when it has ended.</summary>
    public static string[] StatOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    public static async Task WaitForEndAsync(IEnumerable<int> processes)
    {
        foreach (var process in processes)
        {
            while (IsRunning(process))
            {
                await Task.Delay(PollingInterval); // there is no event for the end of a process that is not a child
            }
        }
    }

    /// <summary>The memory that a process uses, in MiB.</summary>
    public static double MemoryOf(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static bool IsRunning(int process) => StatOf(process) is [not ("Z" or "X"), ..];

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}

internal enum Signal
{
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}
