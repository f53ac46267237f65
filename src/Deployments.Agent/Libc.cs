using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Deployments.Agent;

/// <summary>What .NET has no method for.</summary>
internal static partial class Libc
{
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>Sends a signal to all processes of a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="signal">The signal; 0 sends none.</param>
    /// <returns>Whether the group has a process.</returns>
    public static bool SignalGroup(int group, int signal) => SendSignal(-group, signal) == 0;

    /// <summary>
    /// Gives the programs that are started from now on the default action of SIGPIPE. .NET ignores it, and a program would too; a signal
    /// that is handled is back to its default in a program. A handler must not be managed code: abs is a function that does nothing.
    /// </summary>
    public static void HandleBrokenPipes()
    {
        const int brokenPipe = 13;
        _ = SetHandler(brokenPipe, NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "abs"));
    }

    /// <summary>Returns once the names in a folder are on the disk.</summary>
    public static void SyncFolder(string folder)
    {
        const int readOnly = 0;
        var descriptor = Open(folder, readOnly);
        if (descriptor < 0)
        {
            throw Failure(folder);
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw Failure(folder);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string path) => new($"{new Win32Exception(Marshal.GetLastPInvokeError()).Message} : '{path}'");

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
