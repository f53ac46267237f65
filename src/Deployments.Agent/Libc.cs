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
    public static bool SignalGroup(int group, int signal)
    {
        const int notPermitted = 1; // it has one, of another user
        return SendSignal(-group, signal) == 0 || Marshal.GetLastPInvokeError() == notPermitted;
    }

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
        const int closeOnExec = 0x80000;
        var descriptor = Open(folder, readOnly | closeOnExec);
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

    /// <summary>Whether the user of this process owns a folder.</summary>
    public static bool IsOwner(string folder)
    {
        // The one struct of a file's state that is the same on all processors.
        const int currentFolder = -100;
        const uint owner = 8;
        const int ownerOffset = 20;
        var state = new byte[256];
        return ReadState(currentFolder, folder, flags: 0, owner, state) == 0
            ? BitConverter.ToUInt32(state, ownerOffset) == EffectiveUser()
            : throw Failure(folder);
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

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ReadState(int relativeTo, string path, int flags, uint mask, Span<byte> state);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
