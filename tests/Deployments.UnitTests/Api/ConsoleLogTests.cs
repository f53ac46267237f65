using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Deployments.Api.Observability;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Shouldly;
using ZLogger;

namespace Deployments.UnitTests.Api;

public sealed partial class ConsoleLogTests
{
    [Test]
    public void Lines_that_cannot_be_written_are_counted_in_a_warning_before_the_next_line()
    {
        using var output = new FullDisk();
        using (var log = new ConsoleLog(output, new JsonLogFormatter()))
        {
            Write(log, "lost");
            output.Failed.WaitOne(TimeSpan.FromMinutes(2)).ShouldBeTrue();
            Write(log, "kept");
        }

        var lines = Lines(output).Select(line => JsonElement.Parse(line)).ToList();

        lines.Count.ShouldBe(2);
        lines[0].GetProperty("LogLevel").GetString().ShouldBe("Warning");
        lines[0].GetProperty("State").GetProperty("Dropped").GetInt64().ShouldBe(1);
        lines[1].GetProperty("State").GetProperty("Text").GetString().ShouldBe("kept");
    }

    [Test]
    public void Dispose_waits_until_all_lines_are_written()
    {
        const int lines = 5_000;
        using var output = new MemoryStream();
        using (var log = new ConsoleLog(output, new JsonLogFormatter()))
        {
            for (var i = 0; i < lines; i++)
            {
                Write(log, "line");
            }
        }

        Lines(output).Length.ShouldBe(lines);
    }

    [TestCase("Microsoft.Extensions.Hosting.Internal.Host", 0)]
    [TestCase("Deployments.Api.Errors.ExceptionHandler", 1)]
    public void Reason_of_a_failed_start_is_dropped_only_where_the_host_logs_it(string category, int lines)
    {
        using var output = new MemoryStream();
        using (var log = new ConsoleLog(output, new JsonLogFormatter()))
        {
            WriteFailure(log.CreateLogger(category), new SocketException((int)SocketError.AccessDenied));
            Write(log, "last");
        }

        Lines(output).Length.ShouldBe(lines + 1);
    }

    [Test]
    public void Failure_of_the_host_to_start_is_written_unless_it_was_cancelled()
    {
        using var output = new MemoryStream();
        using (var log = new ConsoleLog(output, new JsonLogFormatter()))
        {
            var host = log.CreateLogger("Microsoft.Extensions.Hosting.Internal.Host");
            WriteStartFailure(host, new TaskCanceledException());
            WriteStartFailure(host, new InvalidOperationException());
        }

        Lines(output).ShouldHaveSingleItem().ShouldContain(nameof(InvalidOperationException));
    }

    [TestCase(true, 0)]
    [TestCase(false, 2)]
    public void Cancelled_background_service_is_dropped_only_after_a_failed_start(bool startFailed, int lines)
    {
        using var output = new MemoryStream();
        using (var log = new ConsoleLog(output, new JsonLogFormatter()))
        {
            var host = log.CreateLogger("Microsoft.Extensions.Hosting.Internal.Host");
            if (startFailed)
            {
                WriteStartFailure(host, new SocketException((int)SocketError.AccessDenied));
            }

            WriteFailure(host, new TaskCanceledException());
            Write(log.CreateLogger("Microsoft.Hosting.Lifetime"), "shutting down");
            Write(log, "last");
        }

        Lines(output).Length.ShouldBe(lines + 1);
    }

    // As numbers, because names of test cases cannot contain these characters.
    [TestCase(0x1B)]
    [TestCase(0x9B)]
    [TestCase(0x2028)]
    [TestCase(0x202E)]
    public void Development_format_replaces_characters_that_control_a_terminal(int character) =>
        Lines(Log(new DevelopmentLogFormatter(colours: false), $"größer 😀{(char)character}[31m"))
            .ShouldHaveSingleItem().ShouldMatch(@"^\d\d:\d\d:\d\d warn größer 😀\uFFFD\[31m$");

    [Test]
    public void Development_format_writes_line_breaks_and_tabs_as_spaces() =>
        Lines(Log(new DevelopmentLogFormatter(colours: false), "one\r\ntwo\n\tthree")).ShouldHaveSingleItem().ShouldEndWith(" warn one  two  three");

    [Test]
    public void Development_format_colours_the_level_only_with_colours_enabled()
    {
        Lines(Log(new DevelopmentLogFormatter(colours: true), "text")).Single().ShouldEndWith(" \e[33mwarn\e[0m text");
        Lines(Log(new DevelopmentLogFormatter(colours: false), "text")).Single().ShouldEndWith(" warn text");
    }

    private static MemoryStream Log(IZLoggerFormatter formatter, string text)
    {
        var output = new MemoryStream();
        using var log = new ConsoleLog(output, formatter);
        Write(log, text);
        return output;
    }

    private static void Write(ConsoleLog log, string text) => Write(log.CreateLogger("category"), text);

    [LoggerMessage(LogLevel.Warning, "{Text}")]
    private static partial void Write(ILogger logger, string text);

    [LoggerMessage(LogLevel.Error, "Failed.")]
    private static partial void WriteFailure(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 11, Level = LogLevel.Error, Message = "Hosting failed to start")]
    private static partial void WriteStartFailure(ILogger logger, Exception exception);

    private static string[] Lines(MemoryStream output) => Encoding.UTF8.GetString(output.ToArray()).TrimEnd('\n').Split('\n');

    /// <summary>Fails the first write.</summary>
    private sealed class FullDisk : MemoryStream
    {
        public ManualResetEvent Failed { get; } = new(false);

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Failed.WaitOne(0))
            {
                base.Write(buffer);
                return;
            }

            Failed.Set();
            throw new IOException("No space left on device");
        }

        protected override void Dispose(bool disposing)
        {
            Failed.Dispose();
            base.Dispose(disposing);
        }
    }
}
