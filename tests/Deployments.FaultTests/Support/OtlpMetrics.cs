using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Deployments.FaultTests.Support;

/// <summary>
/// Translates an export of OTLP metrics to Prometheus' text format, with the names and labels that Prometheus' own OTLP receiver gives them:
/// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/.
/// </summary>
internal static partial class OtlpMetrics
{
    private const ulong Cumulative = 2;

    private static readonly string[] Identity = ["service.namespace", "service.name", "service.instance.id"];

    // The numbers of fields are those of opentelemetry/proto/metrics/v1/metrics.proto.
    public static string ToText(ReadOnlyMemory<byte> export)
    {
        var text = new StringBuilder();
        foreach (var resourceMetrics in Parse(export)[1].Select(field => Parse(field.Bytes)))
        {
            var resource = Attributes(resourceMetrics[1].SelectMany(field => Parse(field.Bytes)[1]));
            var target = new Dictionary<string, string>
            {
                ["job"] = string.Join('/', Identity[..2].Where(resource.ContainsKey).Select(name => resource[name])),
                ["instance"] = resource[Identity[2]],
            };
            Write(text, "target_info", target, resource.Where(attribute => !Identity.Contains(attribute.Key)), 1);
            foreach (var metric in resourceMetrics[2].SelectMany(scope => Parse(scope.Bytes)[2]).Select(field => Parse(field.Bytes)))
            {
                WriteMetric(text, target, metric);
            }
        }

        return text.ToString();
    }

    private static void WriteMetric(StringBuilder text, Dictionary<string, string> target, ILookup<int, Field> metric)
    {
        var (name, unit) = (metric[1].Single().Text, metric[3].SingleOrDefault().Text);
        foreach (var point in Points(5))
        {
            Write(text, NameOf(name, unit, isGauge: true), target, Attributes(point[7]), NumberOf(point));
        }

        foreach (var sum in metric[7].Select(field => Parse(field.Bytes)))
        {
            RequireCumulative(sum);
            var isCounter = sum[3].SingleOrDefault().Bits != 0;
            foreach (var point in sum[1].Select(field => Parse(field.Bytes)))
            {
                Write(text, NameOf(name, unit, isCounter: isCounter), target, Attributes(point[7]), NumberOf(point));
            }
        }

        foreach (var histogram in metric[9].Select(field => Parse(field.Bytes)))
        {
            RequireCumulative(histogram);
            foreach (var point in histogram[1].Select(field => Parse(field.Bytes)))
            {
                WriteHistogram(text, NameOf(name, unit), target, Attributes(point[9]), point);
            }
        }

        IEnumerable<ILookup<int, Field>> Points(int data) => metric[data].SelectMany(field => Parse(field.Bytes)[1]).Select(field => Parse(field.Bytes));

        void RequireCumulative(ILookup<int, Field> data)
        {
            if (data[2].Single().Bits != Cumulative)
            {
                throw new InvalidOperationException($"{name} is not cumulative.");
            }
        }
    }

    private static void WriteHistogram(
        StringBuilder text, string name, Dictionary<string, string> target, Dictionary<string, string> attributes, ILookup<int, Field> point)
    {
        var counts = Numbers(point[6]);
        var bounds = Numbers(point[7]).Select(bits => Format(BitConverter.UInt64BitsToDouble(bits))).Append("+Inf").ToList();
        var count = 0ul;
        for (var bucket = 0; bucket < counts.Count; bucket++)
        {
            count += counts[bucket];
            Write(text, $"{name}_bucket", target, attributes.Append(new("le", bounds[bucket])), count);
        }

        Write(text, $"{name}_sum", target, attributes, BitConverter.UInt64BitsToDouble(point[5].Single().Bits));
        Write(text, $"{name}_count", target, attributes, point[4].Single().Bits);
    }

    private static string NameOf(string name, string unit, bool isGauge = false, bool isCounter = false)
    {
        var words = InvalidInNames().Split(name).Where(word => word.Length > 0).ToList();
        Add(unit switch
        {
            "s" => "seconds",
            "By" => "bytes",
            "1" when isGauge => "ratio",
            "1" or "" or ['{', ..] => "",
            _ => throw new NotSupportedException($"The unit {unit} of {name}."),
        });
        if (isCounter)
        {
            words.Remove("total");
            Add("total");
        }

        return string.Join('_', words);

        void Add(string word)
        {
            if (word.Length > 0 && !words.Contains(word))
            {
                words.Add(word);
            }
        }
    }

    private static double NumberOf(ILookup<int, Field> point) =>
        point[4].Any() ? BitConverter.UInt64BitsToDouble(point[4].Single().Bits) : (long)point[6].Single().Bits;

    private static void Write(
        StringBuilder text, string name, Dictionary<string, string> target, IEnumerable<KeyValuePair<string, string>> attributes, double value)
    {
        var labels = target.Concat(attributes).Select(label => $"{InvalidInNames().Replace(label.Key, "_")}=\"{Escape(label.Value)}\"");
        text.Append(CultureInfo.InvariantCulture, $"{name}{{{string.Join(',', labels)}}} {Format(value)}\n");
    }

    private static string Escape(string value) => value.Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Format(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, string> Attributes(IEnumerable<Field> attributes) => attributes.Select(field => Parse(field.Bytes))
        .ToDictionary(attribute => attribute[1].Single().Text, attribute => ValueOf(Fields(attribute[2].Single().Bytes).Single()));

    private static string ValueOf(Field value) => value.Number switch
    {
        1 => value.Text,
        2 => value.Bits == 0 ? "false" : "true",
        3 => $"{(long)value.Bits}",
        4 => Format(BitConverter.UInt64BitsToDouble(value.Bits)),
        _ => throw new NotSupportedException($"An attribute's value of kind {value.Number}."),
    };

    private static List<ulong> Numbers(IEnumerable<Field> packed) =>
    [
        .. packed.SelectMany(field => field.Bytes.ToArray().Chunk(sizeof(ulong))).Select(bytes => BinaryPrimitives.ReadUInt64LittleEndian(bytes)),
    ];

    private static ILookup<int, Field> Parse(ReadOnlyMemory<byte> message) => Fields(message).ToLookup(field => field.Number);

    // https://protobuf.dev/programming-guides/encoding/
    private static IEnumerable<Field> Fields(ReadOnlyMemory<byte> message)
    {
        while (!message.IsEmpty)
        {
            var tag = ReadVarint(ref message);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    yield return new Field(number, ReadVarint(ref message), default);
                    break;
                case 1:
                    yield return new Field(number, BinaryPrimitives.ReadUInt64LittleEndian(Read(ref message, sizeof(ulong)).Span), default);
                    break;
                case 2:
                    yield return new Field(number, 0, Read(ref message, (int)ReadVarint(ref message)));
                    break;
                case 5:
                    yield return new Field(number, BinaryPrimitives.ReadUInt32LittleEndian(Read(ref message, sizeof(uint)).Span), default);
                    break;
                default:
                    throw new NotSupportedException($"Wire type {tag & 7}.");
            }
        }
    }

    private static ulong ReadVarint(ref ReadOnlyMemory<byte> message)
    {
        var value = 0ul;
        for (var shift = 0; ; shift += 7)
        {
            var next = Read(ref message, 1).Span[0];
            value |= (next & 0x7Ful) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private static ReadOnlyMemory<byte> Read(ref ReadOnlyMemory<byte> message, int length)
    {
        var read = message[..length];
        message = message[length..];
        return read;
    }

    [GeneratedRegex("[^a-zA-Z0-9]")]
    private static partial Regex InvalidInNames();

    private readonly record struct Field(int Number, ulong Bits, ReadOnlyMemory<byte> Bytes)
    {
        public string Text => Encoding.UTF8.GetString(Bytes.Span);
    }
}
