using System.Buffers;
using System.Text;

namespace Deployments.Agent;

/// <summary>
/// What a process writes to a pipe, of which it keeps no more than a limit, from the beginning and from the end. It reads on a thread of
/// its own until the last process that has the pipe closes it: who waits for the end waits for every background process, and who stops
/// reading ends them at their next line.
/// </summary>
internal sealed class OutputCapture
{
    public const string CutMark = "\n[… output cut here: it is longer than can be reported …]\n";

    private const int StackSize = 128 * 1024;

    private readonly int half;
    private readonly Lock gate = new();
    private readonly TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ArrayBufferWriter<byte> head = new();
    private byte[] tail = [];
    private bool isTaken;
    private long tailLength;

    private OutputCapture(int limit) => half = limit / 2;

    /// <summary>The end of the pipe.</summary>
    public Task End => end.Task;

    /// <summary>Whether more was written than is kept.</summary>
    public bool IsCut
    {
        get
        {
            lock (gate)
            {
                return tailLength > half;
            }
        }
    }

    public static OutputCapture Start(Stream pipe, int limit)
    {
        var capture = new OutputCapture(limit);
        new Thread(() => capture.Read(pipe), StackSize) { IsBackground = true }.Start();
        return capture;
    }

    /// <summary>What was written so far; what is written later is not kept. What is not UTF-8 is replaced.</summary>
    public string TakeText()
    {
        lock (gate)
        {
            var text = ReadText();
            isTaken = true;
            head = new ArrayBufferWriter<byte>();
            tail = [];
            return text;
        }
    }

    private string ReadText()
    {
        if (tailLength <= half)
        {
            return Text([.. head.WrittenSpan, .. tail.AsSpan(0, (int)tailLength)]);
        }

        var oldest = (int)(tailLength % half);
        return Text(head.WrittenSpan) + CutMark + Text([.. tail.AsSpan(oldest), .. tail.AsSpan(0, oldest)]);

        static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
    }

    private void Read(Stream pipe)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            using (pipe)
            {
                for (int read; (read = pipe.Read(buffer)) > 0;)
                {
                    lock (gate)
                    {
                        if (!isTaken)
                        {
                            Keep(buffer.AsSpan(0, read));
                        }
                    }
                }
            }
        }
        catch (IOException)
        {
            // The pipe is broken: there is no more.
        }

        end.SetResult();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var toHead = Math.Min(bytes.Length, half - head.WrittenCount);
        head.Write(bytes[..toHead]);
        bytes = bytes[toHead..];
        if (bytes.IsEmpty)
        {
            return;
        }

        // A ring, in which the oldest byte is overwritten first.
        if (tail.Length < half)
        {
            var needed = (int)Math.Min(half, tailLength + bytes.Length);
            Array.Resize(ref tail, Math.Min(half, Math.Max(needed, tail.Length * 2)));
        }

        if (bytes.Length > half)
        {
            tailLength += bytes.Length - half;
            bytes = bytes[^half..];
        }

        while (!bytes.IsEmpty)
        {
            var position = (int)(tailLength % half);
            var count = Math.Min(bytes.Length, half - position);
            bytes[..count].CopyTo(tail.AsSpan(position));
            tailLength += count;
            bytes = bytes[count..];
        }
    }
}
