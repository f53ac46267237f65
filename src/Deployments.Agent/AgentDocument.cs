using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Deployments.Agent;

/// <summary>What the server is to apply.</summary>
internal sealed record AgentDocument
{
    public required IReadOnlyList<DeploymentRun> Deployments { get; init; }

    [JsonPropertyName("os-collect-config")]
    public CollectorSettings? OsCollectConfig { get; init; }

    /// <summary>Whether nothing is null that must not be: JSON may have it anywhere.</summary>
    [JsonIgnore]
    public bool IsComplete => Deployments is not null && Deployments.All(run =>
        run is { Inputs: not null, Outputs: not null }
        && run.Inputs.All(input => input is { Name: not null })
        && run.Outputs.All(output => output is { Name: not null }));
}

internal sealed record CollectorSettings(RequestSettings? Request);

internal sealed record RequestSettings(string? MetadataUrl);

/// <summary>A run of a deployment, with its configuration: what heat-agents' hooks read.</summary>
internal sealed record DeploymentRun
{
    public required Guid Id { get; init; }

    public string? Name { get; init; }

    public string? Group { get; init; }

    public JsonElement Config { get; set; } = JsonText.Of(string.Empty);

    public IReadOnlyList<RunInput> Inputs { get; set; } = [];

    public IReadOnlyList<RunOutput> Outputs { get; set; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonConverter(typeof(UtcTimeConverter))]
    public DateTimeOffset? Deadline { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? OtherMembers { get; set; }

    /// <summary>The values of the inputs as text, by name; of duplicate names the last counts.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Values
    {
        get
        {
            var values = new Dictionary<string, string>();
            foreach (var input in Inputs)
            {
                values[input.Name] = input.Text;
            }

            return values;
        }
    }

    /// <summary>The run with the values of its String inputs as strings, which hooks count on.</summary>
    public DeploymentRun WithTexts() => this with { Inputs = [.. Inputs.Select(input => input.IsString ? input.WithText() : input)] };
}

internal sealed record RunInput
{
    private const string StringType = "String";

    public required string Name { get; init; }

    public string? Type { get; init; }

    public JsonElement Value { get; set; } = JsonElement.Parse("null");

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? OtherMembers { get; set; }

    [JsonIgnore]
    public bool IsString => Type is null or StringType;

    /// <summary>A string as it is, nothing for null, JSON for any other value.</summary>
    [JsonIgnore]
    public string Text => Value.ValueKind switch
    {
        JsonValueKind.String => JsonText.Read(Value),
        JsonValueKind.Null => string.Empty,
        _ => Value.GetRawText(),
    };

    public RunInput WithText() => this with { Value = JsonText.Of(Text) };
}

internal sealed record RunOutput
{
    public required string Name { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? OtherMembers { get; set; }
}

/// <summary>Times in UTC, of which some services leave off the Z.</summary>
internal sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    private const string Form = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
        && DateTimeOffset.TryParse(reader.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(Form, CultureInfo.InvariantCulture));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = JsonText.MaxDepth)]
[JsonSerializable(typeof(AgentDocument))]
[JsonSerializable(typeof(FollowedAddress))]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(string))]
internal sealed partial class AgentJson : JsonSerializerContext;

internal static partial class JsonText
{
    /// <summary>Far deeper than the service lets a value be.</summary>
    public const int MaxDepth = 1000;

    /// <summary>Escapes what JSON requires, not every letter that is not ASCII.</summary>
    public static JavaScriptEncoder Encoder { get; } = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    public static JsonElement Of(string text) => JsonSerializer.SerializeToElement(text, AgentJson.Default.String);

    /// <summary>The text of a string.</summary>
    public static string Read(JsonElement value) => JsonElement.Parse(ReplaceLoneSurrogates(value.GetRawText())).GetString()!;

    /// <summary>Replaces escapes that are no character: parsers let them pass, and their text cannot be read then.</summary>
    public static string ReplaceLoneSurrogates(string json) =>
        Escape().Replace(json, match => match.Groups["lone"].Success ? @"\ufffd" : match.Value);

    [GeneratedRegex(@"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", RegexOptions.Singleline)]
    private static partial Regex Escape();
}
