using System.Buffers;
using System.Globalization;
using System.Text;
using ZLogger;

namespace Deployments.Api.Observability;

/// <summary>A line for people: local time, level and message, and an exception indented below.</summary>
internal sealed class DevelopmentLogFormatter(bool colours) : IZLoggerFormatter
{
    public bool WithLineBreak => true;

    public void FormatLogEntry(IBufferWriter<byte> writer, IZLoggerEntry entry)
    {
        var info = entry.LogInfo;
        var (level, colour) = Describe(info.LogLevel);
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{info.Timestamp.Local:HH:mm:ss} ")
            .Append(colours ? $"\e[{colour}m{level}\e[0m " : $"{level} ");
        AppendPrintable(text, entry.ToString());
        foreach (var line in (info.Exception?.ToString() ?? "").EnumerateLines())
        {
            text.Append(line.IsEmpty ? "" : "\n    ");
            AppendPrintable(text, line);
        }

        Encoding.UTF8.GetBytes(text.ToString(), writer);
    }

    // A terminal interprets control characters, and a line break would forge a line of the log.
    private static void AppendPrintable(StringBuilder text, ReadOnlySpan<char> part)
    {
        foreach (var character in part)
        {
            text.Append(char.GetUnicodeCategory(character) switch
            {
                _ when character is '\n' or '\r' or '\t' => ' ',
                UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => '\uFFFD',
                _ => character,
            });
        }
    }

    private static (string Name, int Colour) Describe(LogLevel level) => level switch
    {
        LogLevel.Trace => ("trce", 90),
        LogLevel.Debug => ("dbug", 90),
        LogLevel.Information => ("info", 32),
        LogLevel.Warning => ("warn", 33),
        LogLevel.Error => ("fail", 31),
        _ => ("crit", 31),
    };
}
