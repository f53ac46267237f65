using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Deployments.TestSupport;

/// <summary>What can be done to processes, and known of them, from outside.</summary>
internal static class Processes
{
    private static readonly TimeSpan PollingPause = TimeSpan.FromMilliseconds(5);

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

    public static async Task WaitForEndAsync(IEnumerable<int> processes)
    {
        foreach (var process in processes)
        {
            while (IsRunning(process))
            {
                await Task.Delay(PollingPause); // a process that is no child of ours tells nobody that it ends
            }
        }
    }

    /// <summary>The memory that a process holds, in MiB.</summary>
    public static double MemoryOf(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static bool IsRunning(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

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
