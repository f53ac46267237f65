using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Client;

/// <summary>A status or a type goes by its name, never by a number.</summary>
/// <typeparam name="TEnum">What goes by its name.</typeparam>
internal sealed class EnumConverter<TEnum>() : JsonStringEnumConverter<TEnum>(allowIntegerValues: false)
    where TEnum : struct, Enum;

/// <summary>A time that does not say so is UTC too: some services are set to leave the <c>Z</c> off.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTime() is { Kind: DateTimeKind.Unspecified } time ? new DateTimeOffset(time, TimeSpan.Zero) : reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
