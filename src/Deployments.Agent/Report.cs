using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Deployments.Agent;

/// <summary>A report as it is sent.</summary>
/// <param name="Body">The report.</param>
/// <param name="Summary">What a log may say of it.</param>
internal sealed record Outcome(string Body, string Summary)
{
    public static Outcome Of(Report report) => new(report.ToJson(), report.Summary);
}

/// <summary>What is reported of a run, by names: <c>deploy_stdout</c>, <c>deploy_stderr</c>, <c>deploy_status_code</c> and its outputs.</summary>
internal sealed class Report
{
    /// <summary>The service takes no more, and then takes nothing.</summary>
    public const int MaxBytes = 1024 * 1024;

    public const string Output = "deploy_stdout";
    public const string Error = "deploy_stderr";
    public const string StatusCode = "deploy_status_code";

    // Those of shells and of the command timeout.
    public const int Expired = 124;
    public const int NotExecutable = 126;
    public const int NotFound = 127;

    // It has no exit code.
    public const int Interrupted = -1;

    private readonly Dictionary<string, JsonElement> values = [];
    private string? failure;

    /// <summary>Whether the program of the run had to be ended.</summary>
    public bool WasEnded { get; init; }

    /// <summary>What a log may say of it: nothing that a script or hook has printed.</summary>
    public string Summary => failure ?? (values.TryGetValue(StatusCode, out var code) && code.ValueKind == JsonValueKind.Number
        ? $"exit code {code.GetRawText()}"
        : "as its hook reports");

    /// <summary>The report of a run that failed for another reason than its own program.</summary>
    public static Report Failed(int statusCode, string reason)
    {
        var report = new Report();
        report.Set(Output, string.Empty);
        report.Fail(statusCode, reason);
        return report;
    }

    public void Set(string name, string value) => values[name] = JsonText.Of(value);

    public void Set(string name, JsonElement value) => values[name] = value;

    public void SetStatusCode(int code) => values[StatusCode] = JsonElement.Parse($"{code}");

    /// <summary>Sets the status code, and adds the reason to what it has of errors.</summary>
    public void Fail(int statusCode, string reason)
    {
        var before = values.TryGetValue(Error, out var error) && error.ValueKind == JsonValueKind.String ? error.GetString()! : string.Empty;
        var separator = before.Length == 0 || before.EndsWith('\n') ? string.Empty : "\n";
        failure = reason.TrimEnd('.');
        Set(Error, $"{before}{separator}deployments-agent: {reason}\n");
        SetStatusCode(statusCode);
    }

    /// <summary>The report as it is sent. Values that are too long together are cut in the middle, the longest most.</summary>
    public string ToJson()
    {
        var names = values.Keys.ToList();
        var lengths = names.ToDictionary(name => name, name => SizeOf(values[name]));
        var available = MaxBytes - Encoding.UTF8.GetByteCount(Write(names.ToDictionary(name => name, _ => JsonText.Of(string.Empty))));
        var limit = LimitFor(lengths.Values, available);
        return Write(names.ToDictionary(name => name, name => lengths[name] <= limit ? values[name] : TextCut.Cut(values[name], limit)));
    }

    /// <summary>The greatest size to which values can be cut to be available together.</summary>
    private static int LimitFor(IEnumerable<int> sizes, int available)
    {
        var ascending = sizes.Order().ToList();
        for (var index = 0; index < ascending.Count; index++)
        {
            var share = available / (ascending.Count - index);
            if (ascending[index] > share)
            {
                return share;
            }

            available -= ascending[index];
        }

        return int.MaxValue;
    }

    // Without the two quotes, which a value that is cut has too.
    private static int SizeOf(JsonElement value) => Encoding.UTF8.GetByteCount(Write(value)) - 2;

    private static string Write(Dictionary<string, JsonElement> values) => Write(writer =>
    {
        writer.WriteStartObject();
        foreach (var (name, value) in values)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }

        writer.WriteEndObject();
    });

    private static string Write(JsonElement value) => Write(value.WriteTo);

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JsonText.Encoder, MaxDepth = JsonText.MaxDepth }))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
