using System.Globalization;

namespace Deployments.Agent;

internal static class ProcessGroup
{
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends all processes of a group with SIGTERM, and those that are left after ten seconds with SIGKILL.</summary>
    public static async Task EndAsync(int group)
    {
        var exists = Libc.SignalGroup(group, Libc.Terminate);
        var waited = TimeSpan.Zero;
        do
        {
            await Task.Delay(PollingInterval); // there is no event for the end of a group
            waited += PollingInterval;
            exists = exists && Libc.SignalGroup(group, signal: 0);
        }
        while (exists && waited < TerminationTimeout);

        if (exists)
        {
            Libc.SignalGroup(group, Libc.Kill);
        }
    }

    /// <summary>Whether a process of a group was started with a variable: else another process has the group's number by now.</summary>
    /// <param name="group">The group.</param>
    /// <param name="variable">The variable's name and value.</param>
    public static bool Has(int group, string variable) => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var process) ? process : 0)
        .Any(process => process != 0 && GroupOf(process) == group && EnvironmentOf(process).Contains(variable));

    private static int GroupOf(int process)
    {
        var stat = Read(process, "stat");
        return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, var group, ..]
            ? int.Parse(group, CultureInfo.InvariantCulture)
            : 0;
    }

    private static string[] EnvironmentOf(int process) => Read(process, "environ").Split('\0');

    private static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return string.Empty; // it has ended, or is another user's
        }
    }
}
