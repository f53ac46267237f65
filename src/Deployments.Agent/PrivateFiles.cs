using System.Text;

namespace Deployments.Agent;

/// <summary>Files and folders that only their owner may use.</summary>
internal static class PrivateFiles
{
    private const string TemporarySuffix = ".new";

    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ExecutableMode = FileMode | UnixFileMode.UserExecute;
    private const UnixFileMode FolderMode = ExecutableMode;
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Creates a folder. Throws <see cref="IOException"/> if there is one that others may change.</summary>
    public static void CreateFolder(string path)
    {
        if (Directory.Exists(path))
        {
            if (!Libc.IsOwner(path) || (File.GetUnixFileMode(path) & WritableByOthers) != 0)
            {
                throw new IOException($"Only its owner, who runs the agent, may have write access to the folder '{path}'.");
            }

            return;
        }

        Directory.CreateDirectory(path, FolderMode);
        File.SetUnixFileMode(path, FolderMode);
    }

    /// <summary>Opens a file that no other process can open in this way until it is closed.</summary>
    public static FileStream OpenExclusively(string path) => new(path, Options(System.IO.FileMode.OpenOrCreate, FileMode));

    public static void WriteExecutable(string path, string text)
    {
        using var file = new FileStream(path, Options(System.IO.FileMode.Create, ExecutableMode));
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Replaces a file. When this returns, the new content is on the disk; if it throws, or the machine stops, the file has the old one or the new.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + TemporarySuffix;
        try
        {
            using (var file = new FileStream(temporary, Options(System.IO.FileMode.Create, FileMode)))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            Libc.SyncFolder(Path.GetDirectoryName(path)!);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static FileStreamOptions Options(FileMode mode, UnixFileMode access) => new()
    {
        Mode = mode,
        Access = FileAccess.Write,
        Share = FileShare.None,
        BufferSize = 0,
        UnixCreateMode = access,
    };
}
