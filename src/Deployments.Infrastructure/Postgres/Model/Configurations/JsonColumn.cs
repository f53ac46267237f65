using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Deployments.Domain.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

/// <summary>JSON that is stored but never queried: a <c>json</c> column, which keeps key order and number text as <c>jsonb</c> does not.</summary>
internal static class JsonColumn
{
    // Requests have a lower limit, which may change; what was accepted must stay readable and writable.
    private static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = JsonText.MaxDepth,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(), new GivenValueConverter() },
    };

    public static PropertyBuilder<T> IsJson<T>(this PropertyBuilder<T> property) =>
        property.HasColumnType("json").HasConversion(
            value => Write(value)!,
            text => Read<T>(text),
            new ValueComparer<T>(
                (left, right) => Write(left) == Write(right),
                value => Write(value)!.GetHashCode(StringComparison.Ordinal),
                value => value));

    /// <summary>The value as the column holds it.</summary>
    public static string? Write<T>(T value) => value is null ? null : JsonSerializer.Serialize(value, Options);

    /// <summary>The value that the column holds.</summary>
    public static T Read<T>(string text) => JsonSerializer.Deserialize<T>(text, Options)!;

    // The serialiser's own converter does not distinguish a value of null from no value.
    private sealed class GivenValueConverter : JsonConverter<JsonElement?>
    {
        public override bool HandleNull => true;

        public override JsonElement? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonElement.ParseValue(ref reader);

        public override void Write(Utf8JsonWriter writer, JsonElement? value, JsonSerializerOptions options)
        {
            if (value is { } given)
            {
                given.WriteTo(writer);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}
