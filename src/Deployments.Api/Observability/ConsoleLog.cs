using System.Buffers;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Deployments.Api.Options;
using Deployments.Application.SoftwareDeployments;
using ZLogger;

namespace Deployments.Api.Observability;

/// <summary>
/// Writes the log on its own thread, so that a blocked standard output blocks nothing else. Lines that do not fit into the full queue are
/// dropped and counted, and the log reports their number once it is read again.
/// </summary>
[ProviderAlias("Console")]
internal sealed partial class ConsoleLog : ILoggerProvider, IAsyncLogProcessor
{
    private const string Host = "Microsoft.Extensions.Hosting.Internal.Host";
    private const string HostLifetime = "Microsoft.Hosting.Lifetime";
    private const int HostStartFailed = 11;
    private const int Capacity = 10_000;
    private const int ChunkBytes = 64 * 1024;

    /// <summary>How long lines are collected between writes: waking the thread for every line would cost more than the line.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>How long the program waits at its end for the last lines to be written.</summary>
    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(2);

    private static readonly Meter Meter = new(DeploymentMetrics.MeterName);

    private readonly Channel<IZLoggerEntry> queue = Channel.CreateBounded<IZLoggerEntry>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, AllowSynchronousContinuations = true });

    private readonly ZLoggerOptions options = new();
    private readonly ArrayBufferWriter<byte> line = new();
    private readonly ArrayBufferWriter<byte> chunk = new(ChunkBytes);
    private readonly Stream output;
    private readonly IZLoggerFormatter formatter;
    private readonly ILogger unqueued;
    private readonly Thread thread;
    private long dropped;
    private volatile bool startFailed;

    public ConsoleLog(Stream output, IZLoggerFormatter formatter)
    {
        this.output = output;
        this.formatter = formatter;
        unqueued = new ZLoggerLogger(typeof(ConsoleLog).FullName!, new Unqueued(this), options, scopeProvider: null);
        Meter.CreateObservableCounter(
            "deployments.log.dropped", () => Interlocked.Read(ref dropped), "{line}", "Log lines that were dropped.");
        thread = new Thread(WriteAll) { IsBackground = true, Name = "Console log" };
        thread.Start();
    }

    public ILogger CreateLogger(string categoryName) => new ZLoggerLogger(categoryName, this, options, scopeProvider: null);

    public void Post(IZLoggerEntry log)
    {
        if (IsOfFailedStart(log.LogInfo))
        {
            log.Return();
        }
        else if (!queue.Writer.TryWrite(log))
        {
            Interlocked.Increment(ref dropped);
            log.Return();
        }
    }

    public void Dispose()
    {
        queue.Writer.TryComplete();
        thread.Join(FlushTime);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    // The host logs with its stack trace why it does not start, which the program prints as a sentence; and as failures, likewise with stack
    // traces, that it was stopped before it had started, and that a failed start cancels background services that had not begun, and
    // therefore that it shuts down.
    private bool IsOfFailedStart(LogInfo log)
    {
        if (log.Category.Name == HostLifetime)
        {
            return startFailed;
        }

        if (log.Category.Name != Host)
        {
            return false;
        }

        startFailed |= log.EventId.Id == HostStartFailed;
        return log.Exception is { } exception
            && (InvalidConfigurationException.ReasonOf(exception) is not null || (startFailed && exception is OperationCanceledException));
    }

    private void WriteAll()
    {
        var reported = 0L;
        while (queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var known = Interlocked.Read(ref dropped);
            if (known > reported)
            {
                LogDropped(unqueued, known - reported);
            }

            var lines = 0;
            while (chunk.WrittenCount < ChunkBytes && queue.Reader.TryRead(out var entry))
            {
                Append(entry);
                lines++;
            }

            try
            {
                output.Write(chunk.WrittenSpan);
                reported = known;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException) // the latter if standard output is closed
            {
                Interlocked.Add(ref dropped, lines);
            }

            var isFull = chunk.WrittenCount >= ChunkBytes;
            chunk.ResetWrittenCount();
            if (!isFull)
            {
                queue.Reader.Completion.Wait(Pause);
            }
        }
    }

    private void Append(IZLoggerEntry entry)
    {
        try
        {
            entry.FormatUtf8(line, formatter);
            chunk.Write(line.WrittenSpan);
            chunk.Write("\n"u8);
        }
        catch (Exception)
        {
            // A value or an exception whose ToString throws loses only its own line.
            Interlocked.Increment(ref dropped);
        }
        finally
        {
            line.ResetWrittenCount();
            entry.Return();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Lines of this log were dropped: {Dropped}. Standard output did not take them in time.")]
    private static partial void LogDropped(ILogger logger, long dropped);

    /// <summary>Writes the log's own warning without its queue, which may be full.</summary>
    private sealed class Unqueued(ConsoleLog log) : IAsyncLogProcessor
    {
        public void Post(IZLoggerEntry entry) => log.Append(entry);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
