using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Deployments.FunctionalTests.Support;

/// <summary>One line of a service's log; <paramref name="Text"/> has everything that was logged, including the exception.</summary>
internal sealed record LogLine(string Category, LogLevel Level, string Message, IReadOnlyDictionary<string, object?> Values, string Text);

/// <summary>Keeps the log of a service, in place of a console.</summary>
internal sealed class Log : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> lines = [];
    private TaskCompletionSource grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyCollection<LogLine> Lines => lines;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    /// <summary>Waits for the first matching line, which may be written after the response.</summary>
    public async Task<LogLine> WaitForAsync(Func<LogLine, bool> fits)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Service.Timeout;) // in all: the log may grow for ever
        {
            var growth = Volatile.Read(ref grown).Task;
            if (lines.FirstOrDefault(fits) is { } line)
            {
                return line;
            }

            await growth.WaitAsync(Service.Timeout);
        }

        throw new TimeoutException("The log has no such line.");
    }

    public void Dispose()
    {
        // It holds only memory.
    }

    private void Add(LogLine line)
    {
        lines.Enqueue(line);
        Interlocked.Exchange(ref grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private sealed class Logger(Log log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var message = formatter(state, exception);
            var values = (state as IEnumerable<KeyValuePair<string, object?>> ?? []).ToDictionary(value => value.Key, value => value.Value);
            log.Add(new LogLine(category, logLevel, message, values, $"{message} {string.Join(' ', values.Values)} {exception}"));
        }
    }
}
