using System.Globalization;

namespace Deployments.Agent;

internal static class ProcessGroup
{
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends all processes of a group with SIGTERM, and those that are left after ten seconds with SIGKILL.</summary>
    /// <returns>Whether none is left: the kernel may hold one for as long as a disk does not respond.</returns>
    public static async Task<bool> EndAsync(int group) =>
        await EndAsync(group, Libc.Terminate) || await EndAsync(group, Libc.Kill);

    /// <summary>The groups of the processes that were started with a variable, without the agent's own.</summary>
    /// <param name="variable">The variable's name and value.</param>
    public static IReadOnlyList<int> Find(string variable)
    {
        var own = GroupOf(Environment.ProcessId);
        return
        [
            .. Directory.EnumerateDirectories("/proc")
                .Select(folder => int.TryParse(Path.GetFileName(folder), out var process) ? process : 0)
                .Where(process => process != 0 && EnvironmentOf(process).Contains(variable))
                .Select(GroupOf)
                .Where(group => group != 0 && group != own)
                .Distinct(),
        ];
    }

    private static async Task<bool> EndAsync(int group, int signal)
    {
        var exists = Libc.SignalGroup(group, signal);
        var waited = TimeSpan.Zero;
        do
        {
            await Task.Delay(PollingInterval); // there is no event for the end of a group
            waited += PollingInterval;
            exists = exists && Libc.SignalGroup(group, signal: 0);
        }
        while (exists && waited < TerminationTimeout);

        return !exists;
    }

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
