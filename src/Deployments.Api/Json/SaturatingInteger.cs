using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Api.Json;

/// <summary>
/// Reads integers; those beyond the range of <see cref="int"/> become its minimum or maximum, so that validators report them as out of range
/// like any other.
/// </summary>
internal sealed class SaturatingInteger : JsonConverter<int>
{
    /// <summary>Whether the text is an integer: digits, with or without a minus sign.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out int value)
    {
        var isNegative = text is [(byte)'-', ..];
        var digits = isNegative ? text[1..] : text;
        value = isNegative ? int.MinValue : int.MaxValue;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exact))
        {
            value = exact;
        }

        return true;
    }

    public override int Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && TryParse(reader.ValueSpan, out var value) ? value : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, int value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
