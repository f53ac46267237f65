using System.Text;

namespace Deployments.Agent;

/// <summary>A file in which a script has left an output.</summary>
internal static class OutputFile
{
    private const int MaxPart = Report.MaxBytes / 2;

    /// <summary>Reads its text; of a longer one than can be reported the beginning and the end.</summary>
    public static string Read(string path)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        return length <= 2 * MaxPart
            ? ReadPart(0, (int)length)
            : ReadPart(0, MaxPart) + OutputCapture.CutMark + ReadPart(length - MaxPart, MaxPart);

        string ReadPart(long offset, int size)
        {
            var bytes = new byte[size];
            var count = 0;
            for (int read; count < size && (read = RandomAccess.Read(file, bytes.AsSpan(count), offset + count)) > 0;)
            {
                count += read;
            }

            return Encoding.UTF8.GetString(bytes, 0, count);
        }
    }
}
