using System.Globalization;
using System.Text;

namespace Deployments.FunctionalTests.Support;

/// <summary>Random JSON text: any Unicode, extreme numbers, unusual white space; and ways to break it.</summary>
internal sealed class GeneratedJson(Random random)
{
    private const int DeepestAllowed = 64;
    private const int MostLevels = 5; // of values that are not meant to be deep

    private static readonly string[] Numbers =
    [
        "0", "-0", "-0.0", "1", "-1", "1e0", "1E+2", "1e-2", "1e400", "-1E400", "1e-400", "1e100000", "0.1", "0.10", "1.0", "2147483648", "-2147483649",
        "9007199254740993", "9223372036854775808", "18446744073709551616", "123456789012345678901234567890.123456789012345678901234567890", "5e-324",
        "1.7976931348623157e308", "0.1000000000000000055511151231257827021181583404541015625",
    ];

    // First and last of each plane and UTF-8 length, controls, combining and direction marks, noncharacters.
    private static readonly int[] Runes =
    [
        0x1, 0x8, 0x9, 0xA, 0xD, 0x1F, 0x20, 0x22, 0x27, 0x2F, 0x3C, 0x5C, 0x7F, 0x80, 0x85, 0xA0, 0xE9, 0x130, 0x131, 0x300, 0x7FF, 0x800, 0x200B, 0x200D,
        0x2028, 0x2029, 0x202E, 0x2066, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1F468, 0x1F680, 0x1F1E9, 0xE0041, 0x10FFFF,
    ];

    public bool Chance(double share) => random.NextDouble() < share;

    public T One<T>(params ReadOnlySpan<T> of) => of[random.Next(of.Length)];

    /// <summary>A text without NUL and unpaired surrogates, not blank.</summary>
    public string Text(int longest)
    {
        var characters = 1 + (int)(Math.Pow(random.NextDouble(), 4) * (longest - 1));
        var text = new StringBuilder(One("a", "é", "\U0001F680", "0", "x"));
        for (var i = 1; i < characters; i++)
        {
            text.Append(One(
                new Rune(random.Next(0x30, 0x7B)), new Rune(One(Runes.AsSpan())), new Rune(random.Next(1, 0xD800))));
        }

        return text.ToString();
    }

    /// <summary>The text as JSON, some of it escaped.</summary>
    public string Quoted(string text)
    {
        var all = Chance(0.1);
        var json = new StringBuilder("\"");
        foreach (var unit in text)
        {
            json.Append(unit switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' when Chance(0.5) => "\\n",
                '/' when Chance(0.3) => "\\/",
                < ' ' => Escaped(unit),
                _ when all => Escaped(unit),
                _ => unit.ToString(),
            });
        }

        return json.Append('"').ToString();
    }

    /// <summary>Any value, with at most the remaining levels.</summary>
    public string Value(int levels = MostLevels) => random.Next(levels > 1 ? 9 : 6) switch
    {
        0 => "null",
        1 => One("true", "false"),
        2 or 3 => One(Numbers.AsSpan()),
        4 or 5 => Quoted(Chance(0.1) ? string.Empty : Text(200)),
        6 => $"[{Space()}{Joined(random.Next(4), () => Value(levels - 1))}{Space()}]",
        _ => Object(levels),
    };

    /// <summary>An object without duplicate names.</summary>
    public string Object(int levels = MostLevels) => Chance(0.02)
        ? Requests.Nested(random.Next(1, DeepestAllowed - MostLevels + 2))
        : Members(Enumerable.Range(0, random.Next(4)).Select(i => (Chance(0.1) ? $"{i}" : $"{i}{Text(20)}", Value(levels - 1))));

    /// <summary>An object of these members, in random order.</summary>
    public string Members(IEnumerable<(string Name, string Value)> members)
    {
        var all = members.ToArray();
        random.Shuffle(all);
        var next = 0;
        return $"{{{Joined(all.Length, () => $"{Quoted(all[next].Name)}{Space()}:{Space()}{all[next++].Value}")}{Space()}}}";
    }

    /// <summary>The body, broken in a random way; mostly not JSON any more, or invalid.</summary>
    public byte[] Broken(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var at = random.Next(bytes.Length);
        switch (random.Next(9))
        {
            case 0:
                return bytes[..at];
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                return [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
            case 3:
                var colon = json.IndexOf(':', random.Next(json.Length / 2));
                return Encoding.UTF8.GetBytes(json.Insert(colon + 1, One("\"\\u0000\", \"x\":", "\"\\ud800\", \"x\":", ":", "1, \"x\":")));
            case 4:
                return Encoding.UTF8.GetBytes($$"""{"input_values": {{Requests.Nested(random.Next(DeepestAllowed + 1, 5_000))}}, "config_id": "c", "server_id": "s"}""");
            case 5:
                return Encoding.UTF8.GetBytes(Value());
            case 6:
                random.NextBytes(bytes);
                return bytes;
            case 7:
                return Encoding.UTF8.GetBytes(json.TrimEnd('}') + $", \"config_id\": {Value()}, \"status\": {Value()}}}");
            default:
                return One<byte[]>([], [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(json)], [.. bytes, .. bytes], [0xEF, 0xBB, 0xBF], [0xC0, 0x80], [(byte)'{']);
        }
    }

    public string Space() => Chance(0.9) ? string.Empty : One(" ", "\n", "\t", "\r\n  ");

    private string Joined(int count, Func<string> make) => string.Join(',', Enumerable.Range(0, count).Select(_ => Space() + make()));

    private static string Escaped(char unit) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
}
