using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Domain.Agents;

/// <summary>
/// What an agent reports of a run, in a form that can be stored. An agent does not repeat a report that was refused, and its deployment
/// would stay in progress: so nothing is refused for its content.
/// </summary>
public sealed partial class AgentReport
{
    // The object of all output values is a level too.
    private const int MaxDepth = JsonText.MaxValueDepth - 1;

    private const string ExitCode = "deploy_status_code";

    private static readonly string[] HookOutputs = ["deploy_stdout", "deploy_stderr", ExitCode];
    private static readonly JsonElement Null = JsonElement.Parse("null");
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };
    private static readonly JsonWriterOptions WriterOfAnyDepth = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = int.MaxValue,
        SkipValidation = true,
    };

    private readonly Dictionary<string, JsonElement> values = [];

    private AgentReport()
    {
    }

    /// <summary>
    /// Reads the body of a signal. What cannot be stored is replaced: a NUL, half of a surrogate pair and what is not UTF-8 by U+FFFD, a
    /// value nested too deep by its JSON text, and the numbers NaN, Infinity and -Infinity, which Python writes, by strings. Of duplicate
    /// names in an object the last counts.
    /// </summary>
    /// <param name="body">The body; without any, or with null, the report is empty.</param>
    /// <param name="redact">Replaces the agent's addresses in a string or name.</param>
    /// <returns>The report; null if the body is not a JSON object.</returns>
    public static AgentReport? Read(ReadOnlyMemory<byte> body, Func<string, string> redact)
    {
        var text = Encoding.UTF8.GetString(body.Span).TrimStart('\uFEFF');
        if (string.IsNullOrWhiteSpace(text))
        {
            return new AgentReport();
        }

        try
        {
            return Read(Encoding.UTF8.GetBytes(ReplaceUnstorable(text)), redact);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The reasons for which the run has failed; none if it has not.</summary>
    /// <param name="declared">The outputs of the run's configuration.</param>
    public IEnumerable<string> FailuresOf(IReadOnlyList<ConfigOutput> declared)
    {
        if (values.TryGetValue(ExitCode, out var exitCode) && IsFailure(exitCode))
        {
            yield return $"{ExitCode} : Deployment exited with non-zero status code: {TextOf(exitCode)}";
        }

        foreach (var output in declared)
        {
            if (output.ErrorOutput && values.TryGetValue(output.Name, out var value))
            {
                yield return $"{output.Name} : {TextOf(value)}";
            }
        }
    }

    /// <summary>The values to store: of the declared outputs those that were reported, and always those of a hook.</summary>
    /// <param name="declared">The outputs of the run's configuration.</param>
    public IEnumerable<(string Name, JsonElement Value)> ValuesOf(IReadOnlyList<ConfigOutput> declared)
    {
        foreach (var output in declared)
        {
            if (values.TryGetValue(output.Name, out var value))
            {
                yield return (output.Name, value);
            }
        }

        foreach (var name in HookOutputs)
        {
            yield return (name, values.GetValueOrDefault(name, Null));
        }
    }

    private static AgentReport? Read(ReadOnlySpan<byte> text, Func<string, string> redact)
    {
        var report = new AgentReport();
        var reader = new Utf8JsonReader(text, AnyDepth);
        reader.Read();
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = redact(reader.GetString()!);
            reader.Read();
            report.values[name] = ReadValue(ref reader, redact);
        }

        reader.Read(); // nothing may follow
        return report;
    }

    // A value of any depth is not parsed as a document, which would take time in proportion to the square of its depth.
    private static JsonElement ReadValue(ref Utf8JsonReader reader, Func<string, string> redact)
    {
        var value = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(value, WriterOfAnyDepth);
        var (outside, depth) = (reader.CurrentDepth, 0);
        while (true)
        {
            Copy(ref reader, writer, redact);
            var isStart = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
            depth = isStart ? Math.Max(depth, reader.CurrentDepth - outside + 1) : depth;
            if (!isStart && reader.CurrentDepth == outside)
            {
                break;
            }

            reader.Read();
        }

        writer.Flush();
        if (depth > MaxDepth)
        {
            return JsonSerializer.SerializeToElement(Encoding.UTF8.GetString(value.WrittenSpan));
        }

        var parsed = JsonElement.Parse(value.WrittenSpan);
        if (depth == 0)
        {
            return parsed;
        }

        value.ResetWrittenCount();
        writer.Reset();
        WriteWithoutDuplicates(parsed, writer);
        writer.Flush();
        return JsonElement.Parse(value.WrittenSpan);
    }

    // An object with duplicate names could be stored, but a body that has it is refused.
    private static void WriteWithoutDuplicates(JsonElement value, Utf8JsonWriter writer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new OrderedDictionary<string, JsonElement>();
                foreach (var member in value.EnumerateObject())
                {
                    members[member.Name] = member.Value;
                }

                writer.WriteStartObject();
                foreach (var (name, last) in members)
                {
                    writer.WritePropertyName(name);
                    WriteWithoutDuplicates(last, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteWithoutDuplicates(item, writer);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void Copy(ref Utf8JsonReader reader, Utf8JsonWriter writer, Func<string, string> redact)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                writer.WriteStartObject();
                break;
            case JsonTokenType.EndObject:
                writer.WriteEndObject();
                break;
            case JsonTokenType.StartArray:
                writer.WriteStartArray();
                break;
            case JsonTokenType.EndArray:
                writer.WriteEndArray();
                break;
            case JsonTokenType.PropertyName:
                writer.WritePropertyName(redact(reader.GetString()!));
                break;
            case JsonTokenType.String:
                writer.WriteStringValue(redact(reader.GetString()!));
                break;
            default:
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true); // as it was sent: a number of any size
                break;
        }
    }

    private static bool IsFailure(JsonElement exitCode) => exitCode.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.String => exitCode.GetString() is not ("" or "0"),
        JsonValueKind.Number => exitCode.GetRawText().TakeWhile(digit => digit is not ('e' or 'E')).Any(digit => digit is >= '1' and <= '9'),
        _ => true,
    };

    private static string TextOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static string ReplaceUnstorable(string text)
    {
        var isInString = false;
        return Unstorable().Replace(text, found =>
        {
            isInString ^= found.ValueSpan is "\"";
            return found.Groups["character"].Success ? @"\ufffd"
                : found.Groups["number"].Success && !isInString ? $"\"{found.Value}\""
                : found.Value;
        });
    }

    // Each escape of JSON, so that an escaped backslash is not the beginning of another, and each end of a string.
    [GeneratedRegex(@"""|(?<number>NaN|-?Infinity)|\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<character>u0000|u[dD][89a-fA-F][0-9a-fA-F]{2})|.)")]
    private static partial Regex Unstorable();
}
