using System.Text;
using Deployments.Api.Json;
using Deployments.Application.Common.Errors;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class JsonTextValidatorTests
{
    [TestCase("""{}""")]
    [TestCase("""{"a":1,"A":2,"a ":3}""")]
    [TestCase("""{"a":{"a":{"a":1}}}""")]
    [TestCase("""[{"a":1},{"a":1}]""")]
    [TestCase("""{"a":"\\u0000 \\ud83d \n \u0001 \uffff"}""")]
    [TestCase("""{"a":"\ud83d\ude80 🚀","\ud83d\ude80":"\uD83D\uDE80"}""")]
    [TestCase(""" { "a" : [ 1e100000, -0.0, null, true ] } """)]
    public void Check_accepts_valid_text(string text) =>
        Should.NotThrow(() => Check(text));

    [TestCase("""{"a":1,"a":1}""", "a")]
    [TestCase("""{"a":1,"b":{},"a":[]}""", "a")]
    [TestCase("""{"a":1,"\u0061":1}""", "a")]
    [TestCase("""{"🚀":1,"\ud83d\ude80":1}""", "🚀")]
    [TestCase("""{"x":{"a":1,"a":1}}""", "x.a")]
    [TestCase("""{"x":{"y":{}, "z":{"a":{"a":1},"a":1}}}""", "x.z.a")]
    [TestCase("""[{"a":1,"a":1}]""", "[0].a")]
    [TestCase("""{"x":[[],[{},{"a":1,"a":1}]]}""", "x[1][1].a")]
    [TestCase("""{"input_values":{"a":[0,"1",{"b":1},{"b":1,"b":1}]}}""", "input_values.a[3].b")]
    public void Check_reports_a_duplicate_member_by_its_path(string text, string field) =>
        Errors(text).ShouldBe(field, "may not appear more than once.");

    [TestCase("""{"a":"\u0000"}""", "a")]
    [TestCase("""{"a":"text \n\u0000 text"}""", "a")]
    [TestCase("""{"a":"\\\u0000"}""", "a")]
    [TestCase("""{"a":{"b":["x","y\u0000"]}}""", "a.b[1]")]
    [TestCase("""["\u0000"]""", "[0]")]
    [TestCase(""" "\u0000" """, "body")]
    public void Check_reports_a_NUL_in_a_value_by_its_path(string text, string field) =>
        Errors(text).ShouldBe(field, "holds a NUL character.");

    [TestCase("""\ud83d""")]
    [TestCase("""\ude80""")]
    [TestCase("""\ud83d text""")]
    [TestCase("""text \ude80""")]
    [TestCase("""\ude80\ud83d""")]
    [TestCase("""\ud83d\n\ude80""")]
    [TestCase("""\ud83d\\ude80""")]
    [TestCase("""\ud83d\ud83d\ude80""")]
    [TestCase("""\ud83d\ude80\ude80""")]
    [TestCase("""\ud83d🚀""")]
    [TestCase("""\uDBFF""")]
    [TestCase("""\uDC00""")]
    public void Check_reports_an_unpaired_surrogate_in_values_and_names(string escaped)
    {
        Errors($$"""{"a":[{"b":"{{escaped}}"}]}""").ShouldBe("a[0].b", "holds half of a surrogate pair.");
        Errors($$"""{"a":[{"{{escaped}}":1}]}""").ShouldBe("a[0]", "has a member whose name holds half of a surrogate pair.");
    }

    [Test]
    public void Check_stops_reading_after_1000_errors_of_one_field()
    {
        var duplicates = string.Concat(Enumerable.Repeat(",\"a\":1", 1_001));

        // The rest is not read, although it has an error in another field and is not JSON.
        Errors($"{{\"a\":1{duplicates},\"b\":\"\\u0000\" this is no JSON").ShouldBe("a", "may not appear more than once.");
    }

    [TestCase("""{"\u0000":1}""", "body")]
    [TestCase("""{"a":{"b\u0000":{"c":1}}}""", "a")]
    public void Check_reports_a_NUL_in_a_name_by_its_parent(string text, string field) =>
        Errors(text).ShouldBe(field, "has a member whose name holds a NUL character.");

    [TestCase("[", "]")]
    [TestCase("""{"b":""", "}")]
    public void Check_accepts_64_levels_of_nesting_and_rejects_65(string open, string close)
    {
        Should.NotThrow(() => Check(Nested(64)));
        Errors(Nested(65)).ShouldBe("input_values", "is nested more than 64 levels deep.");

        string Nested(int levels) =>
            $$"""{"a":[],"input_values":{{string.Concat(Enumerable.Repeat(open, levels))}}1{{string.Concat(Enumerable.Repeat(close, levels))}}}""";
    }

    [TestCase("[", "]")]
    [TestCase("""{"b":""", "}")]
    public void Check_of_a_batch_accepts_64_levels_of_nesting_and_rejects_65(string open, string close)
    {
        Should.NotThrow(() => Check(Nested(64), depthOfValues: 3));
        Errors(Nested(65), depthOfValues: 3).ShouldBe("software_deployments[1].input_values", "is nested more than 64 levels deep.");

        string Nested(int levels) =>
            $$"""{"software_deployments":[{},{"input_values":{{string.Concat(Enumerable.Repeat(open, levels))}}1{{string.Concat(Enumerable.Repeat(close, levels))}}}]}""";
    }

    [Test]
    public void Check_rejects_a_million_levels_of_nesting() =>
        Errors("""{"a":""" + new string('[', 1_000_000)).ShouldBe("a", "is nested more than 64 levels deep.");

    [TestCase(new byte[] { (byte)'"', 0xFF, (byte)'"' })]
    [TestCase(new byte[] { (byte)'"', 0xC0, 0x80, (byte)'"' })] // NUL in an overlong encoding
    [TestCase(new byte[] { (byte)'"', 0xED, 0xA0, 0xBD, (byte)'"' })] // half of a surrogate pair
    [TestCase(new byte[] { (byte)'"', 0xF0, 0x9F, 0x9A, (byte)'"' })] // cut short
    [TestCase(new byte[] { 0xFE, 0xFF, 0x00, (byte)'1' })] // UTF-16
    public void Check_rejects_text_that_is_not_UTF_8(byte[] text) =>
        Should.Throw<InvalidRequestException>(() => JsonTextValidator.Check(text, depthOfValues: 1)).Errors.ShouldBe("body", "is not valid UTF-8.");

    [TestCase("""{"a":}""", 1, 6)]
    [TestCase("{\n \"a\":}", 2, 6)]
    [TestCase("""{"a":1,}""", 1, 8)]
    [TestCase("""{"a":1} {}""", 1, 9)]
    [TestCase("""{'a':1}""", 1, 2)]
    [TestCase("""{"a":01}""", 1, 7)]
    [TestCase("""{"a":NaN}""", 1, 6)]
    [TestCase("""{"a":"\x"}""", 1, 8)]
    [TestCase("{\"a\":\"\0\"}", 1, 7)]
    [TestCase("// text\n1", 1, 1)]
    public void Check_rejects_malformed_text_with_its_position(string text, int line, int position) =>
        Errors(text).ShouldBe("body", $"is not valid JSON: line {line}, byte {position}.");

    [TestCase("")]
    [TestCase("{")]
    [TestCase("""{"a":1""")]
    [TestCase("""["a",""")]
    [TestCase("\"a")]
    public void Check_rejects_truncated_text(string text) =>
        Errors(text).Keys.ShouldBe(["body"]);

    [Test]
    public void Check_reports_all_errors_at_once()
    {
        var errors = Errors("""{"a":"\u0000","b":["\ud83d"],"c":{"d":1,"d":2,"d":3}}""");

        errors.Keys.ShouldBe(["a", "b[0]", "c.d"], ignoreOrder: true);
        errors["c.d"].ShouldBe(["c.d may not appear more than once."]);
    }

    [Test]
    public void Check_reports_at_most_50_errors() =>
        Errors($"[{string.Join(',', Enumerable.Repeat("\"\\u0000\"", 1000))}]").Count.ShouldBe(50);

    [Test]
    public void Check_truncates_long_names_and_deep_paths()
    {
        var name = new string('x', 1_000);
        var path = string.Join('.', Enumerable.Repeat(name[..100], 5));

        Errors($"{string.Concat(Enumerable.Repeat($"{{\"{name}\":", 60))}\"\\u0000\"{new string('}', 60)}").ShouldBe(path, "holds a NUL character.");
    }

    [Test]
    public void Check_truncates_a_long_name_between_characters()
    {
        var name = new string('x', 99) + "🚀🚀";

        Errors($$"""{"{{name}}":"\u0000"}""").ShouldBe(new string('x', 99), "holds a NUL character.");
    }

    private static void Check(string text, int depthOfValues = 1) => JsonTextValidator.Check(Encoding.UTF8.GetBytes(text), depthOfValues);

    private static IReadOnlyDictionary<string, string[]> Errors(string text, int depthOfValues = 1) =>
        Should.Throw<InvalidRequestException>(() => Check(text, depthOfValues)).Errors;
}

internal static class ErrorsAssertions
{
    /// <summary>Exactly one field has an error, with one message that begins with its name.</summary>
    public static void ShouldBe(this IReadOnlyDictionary<string, string[]> errors, string field, string error)
    {
        errors.Keys.ShouldBe([field]);
        errors[field].ShouldBe([$"{(field == "body" ? "The body" : field)} {error}"]);
    }
}
