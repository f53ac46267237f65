using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Deployments.Domain.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

/// <summary>JSON that is carried, never queried: a <c>json</c> column, which keeps key order and number text as <c>jsonb</c> does not.</summary>
internal static class JsonColumn
{
    // The contract bounds nesting at the door; what was let in must be readable and writable here whatever that bound is.
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
            text => JsonSerializer.Deserialize<T>(text, Options)!,
            new ValueComparer<T>(
                (left, right) => Write(left) == Write(right),
                value => Write(value)!.GetHashCode(StringComparison.Ordinal),
                value => value));

    /// <summary>The value as the column holds it.</summary>
    public static string? Write<T>(T value) => value is null ? null : JsonSerializer.Serialize(value, Options);

    // The serialiser's own takes a value that was given as null for one that was not given.
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
