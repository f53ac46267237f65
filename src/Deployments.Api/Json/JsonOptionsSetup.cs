using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Deployments.Api.Contracts;
using Deployments.Application.ChangeFeed;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Api.Json;

/// <summary>The one JSON policy: every body that is read or written follows it.</summary>
internal static class JsonOptionsSetup
{
    // The levels around a value: at most template, resources, resource, properties, inputs and input.
    private const int MaxDepthAround = 8;

    public static void Apply(JsonSerializerOptions options, TimeFormat timeFormat)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = JsonText.MaxValueDepth + MaxDepthAround;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // responses are JSON, never part of an HTML page
        options.Converters.Add(new JsonStringEnumConverter<ConfigValueType>(namingPolicy: null, allowIntegerValues: false));
        options.Converters.Add(new JsonStringEnumConverter<FeedEventType>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseUpper, allowIntegerValues: false));
        options.Converters.Add(new SaturatingInteger());
        options.Converters.Add(new BooleanConverter());
        options.Converters.Add(new UtcTimeConverter(timeFormat));
        options.Converters.Add(new JsonObjectConverter());
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { BoundLists, OmitTotals } };
    }

    // A value that is null on the first page and absent on the others.
    private static void OmitTotals(JsonTypeInfo info)
    {
        if (info.Type == typeof(ServerListEnvelope))
        {
            info.Properties.Single(member => member.Name == "totals").ShouldSerialize =
                static (envelope, _) => ((ServerListEnvelope)envelope).IsFirstPage;
        }
    }

    private static void BoundLists(JsonTypeInfo info)
    {
        if (info is { ElementType: { } element, Type.IsGenericType: true } && info.Type.GetGenericTypeDefinition() == typeof(IList<>))
        {
            var list = typeof(BoundedList<>).MakeGenericType(element);
            info.CreateObject = () => Activator.CreateInstance(list)!;
        }
    }
}
