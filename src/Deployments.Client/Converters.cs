using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Client;

/// <summary>Converts an enum by its names only, never by numbers.</summary>
/// <typeparam name="TEnum">The enum.</typeparam>
internal sealed class EnumConverter<TEnum>() : JsonStringEnumConverter<TEnum>(allowIntegerValues: false)
    where TEnum : struct, Enum;

/// <summary>Reads a time without a zone as UTC: a service may be configured to omit the <c>Z</c>.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTime() is { Kind: DateTimeKind.Unspecified } time ? new DateTimeOffset(time, TimeSpan.Zero) : reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
