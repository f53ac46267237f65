using System.Diagnostics;

namespace Deployments.TestSupport;

/// <summary>
/// Cleans up if the tests cannot: a shell that waits to be dismissed by this process, and runs a script if this process ends without
/// having done so, for any reason.
/// </summary>
internal sealed class CleanupWatchdog : IDisposable
{
    private readonly Process shell;

    /// <param name="script">The arguments are its <c>$1</c>, <c>$2</c> …</param>
    /// <param name="arguments">What the script needs.</param>
    public CleanupWatchdog(string script, params IEnumerable<string> arguments) => shell = Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", $"trap '' HUP INT TERM; read -r _ || {{ {script}; }}", "sh", .. arguments])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        })!;

    public void Dispose()
    {
        shell.StandardInput.WriteLine();
        shell.StandardInput.Close();
        shell.WaitForExit();
        shell.Dispose();
    }
}
