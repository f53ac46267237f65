using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Api.Json;

/// <summary>How times are written.</summary>
internal enum TimeFormat
{
    /// <summary>With a Z for UTC.</summary>
    Utc,

    /// <summary>Without a zone: some clients parse only this form.</summary>
    Zoneless,
}

/// <summary>Writes times in UTC and whole seconds, as in <c>2015-01-31T15:12:36Z</c>, or the same without the Z.</summary>
internal sealed class UtcTimeConverter(TimeFormat format) : JsonConverter<DateTimeOffset>
{
    private readonly string form = "yyyy-MM-dd'T'HH:mm:ss" + (format == TimeFormat.Zoneless ? string.Empty : "'Z'");

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[32];
        value.UtcDateTime.TryFormat(text, out var length, form, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}
