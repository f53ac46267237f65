using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ZLogger;

namespace Deployments.Api.Observability;

/// <summary>A JSON line with the fields of .NET's own JSON console formatter, which log collectors support.</summary>
internal sealed class JsonLogFormatter : IZLoggerFormatter
{
    public bool WithLineBreak => true;

    public void FormatLogEntry(IBufferWriter<byte> writer, IZLoggerEntry entry)
    {
        var info = entry.LogInfo;
        using var json = new Utf8JsonWriter(writer);
        json.WriteStartObject();
        json.WriteString("Timestamp", info.Timestamp.Utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        json.WriteNumber("EventId", info.EventId.Id);
        json.WriteString("LogLevel", info.LogLevel.ToString());
        json.WriteString("Category", info.Category.JsonEncoded);
        json.WriteString("Message", entry.ToString());
        if (info.Exception is { } exception)
        {
            json.WriteString("Exception", exception.ToString());
        }

        json.WriteStartObject("State");
        for (var i = 0; i < entry.ParameterCount; i++)
        {
            WriteValue(json, entry.GetParameterKeyAsString(i), entry.GetParameterValue(i));
        }

        if (entry.GetOriginalFormat() is { Length: > 0 } format)
        {
            json.WriteString("{OriginalFormat}", format);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNull(name);
                break;
            case bool or byte or sbyte or short or ushort or int or uint or long or ulong or float or double or decimal:
                json.WritePropertyName(name);
                JsonSerializer.Serialize(json, value, value.GetType());
                break;
            default:
                json.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
