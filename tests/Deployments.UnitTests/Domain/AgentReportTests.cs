using System.Text;
using System.Text.Json;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareConfigs;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public sealed class AgentReportTests
{
    private const string Output = "out";

    [TestCase("")]
    [TestCase(" \r\n\t")]
    [TestCase("null")]
    [TestCase(" null ")]
    [TestCase("{}")]
    [TestCase("\uFEFF{}")]
    [TestCase("\uFEFF")]
    public void Body_without_values_is_an_empty_report(string body) =>
        Read(body)!.ValuesOf([new(Output)]).Select(value => value.Name)
            .ShouldBe(["deploy_stdout", "deploy_stderr", "deploy_status_code"]);

    [TestCase("[]")]
    [TestCase("[{}]")]
    [TestCase("\"text\"")]
    [TestCase("1")]
    [TestCase("true")]
    [TestCase("{")]
    [TestCase("{\"out\":1")]
    [TestCase("{\"out\":1,}")]
    [TestCase("{\"out\":1}}")]
    [TestCase("{} {}")]
    [TestCase("{\"out\":\"\\x\"}")]
    [TestCase("{\"out\":\"\\ud8\"}")]
    [TestCase("{'out':1}")]
    [TestCase("out=1")]
    [TestCase("<out/>")]
    [TestCase("NaN")]
    [TestCase("{\"out\":NaN1}")]
    [TestCase("{\"out\":-NaN}")]
    public void Body_that_is_not_a_JSON_object_is_no_report(string body) => Read(body).ShouldBeNull();

    [Test]
    public void Body_in_another_encoding_is_no_report() =>
        AgentReport.Read(Encoding.Unicode.GetBytes("""{"out":1}"""), Unchanged).ShouldBeNull();

    [TestCase("1", "1")]
    [TestCase("1.0", "1.0")]
    [TestCase("-0", "-0")]
    [TestCase("1e400", "1e400")]
    [TestCase("123456789012345678901234567890", "123456789012345678901234567890")]
    [TestCase("true", "true")]
    [TestCase("null", "null")]
    [TestCase("""[ 1, {"b":2,"a":[ ]} ]""", """[1,{"b":2,"a":[]}]""")]
    [TestCase("NaN", "\"NaN\"")]
    [TestCase("Infinity", "\"Infinity\"")]
    [TestCase("-Infinity", "\"-Infinity\"")]
    [TestCase("""[NaN, {"NaN":-Infinity}]""", """["NaN",{"NaN":"-Infinity"}]""")]
    [TestCase(""" "NaN \" -Infinity" """, """ "NaN \" -Infinity" """)]
    [TestCase(""" ["\\", NaN] """, """ ["\\","NaN"] """)]
    [TestCase("""{"a":1,"b":2,"\u0061":[{"c":1,"c":1.0}]}""", """{"a":[{"c":1.0}],"b":2}""")]
    [TestCase("\"ü😀\"", """ "ü\uD83D\uDE00" """)]
    [TestCase(""" "\u00fc\ud83d\ude00\/\n\t\"\\" """, """ "ü\uD83D\uDE00/\n\t\"\\" """)]
    public void Value_is_kept(string sent, string kept) => ValueOf(sent).ShouldBe(kept.Trim());

    [TestCase("""a\u0000b""", "a\uFFFDb", TestName = "NUL_becomes_U+FFFD")]
    [TestCase("""a\ud800b""", "a\uFFFDb", TestName = "High_surrogate_alone_becomes_U+FFFD")]
    [TestCase("""a\uDFFFb""", "a\uFFFDb", TestName = "Low_surrogate_alone_becomes_U+FFFD")]
    [TestCase("""\ude00\ud83d""", "\uFFFD\uFFFD", TestName = "Surrogates_in_the_wrong_order_become_U+FFFD_each")]
    [TestCase("""\ud800\ud83d\ude00""", "\uFFFD😀", TestName = "Surrogate_before_a_pair_becomes_U+FFFD")]
    [TestCase("""\ud83d😀""", "\uFFFD😀", TestName = "Surrogate_before_a_character_becomes_U+FFFD")]
    [TestCase("""\\u0000\\ud800""", """\u0000\ud800""", TestName = "Escaped_backslash_begins_no_escape")]
    [TestCase("""\\\u0000""", "\\\uFFFD", TestName = "NUL_after_an_escaped_backslash_becomes_U+FFFD")]
    public void Character_that_cannot_be_stored_is_replaced_in_strings_and_names(string sent, string kept)
    {
        JsonElement.Parse(ValueOf($"\"{sent}\"")).GetString().ShouldBe(kept);
        JsonElement.Parse(ValueOf($$"""{"{{sent}}":[]}""")).EnumerateObject().Single().Name.ShouldBe(kept);
    }

    [Test]
    public void Bytes_that_are_not_UTF8_become_U_FFFD()
    {
        byte[] body = [.. "{\"out\":\"a"u8, 0xFF, 0xC3, .. "b\"}"u8];

        Value(AgentReport.Read(body, Unchanged)!, Output).GetString().ShouldBe("a\uFFFD\uFFFDb");
    }

    [TestCase("""{"out":1,"out":2}""")]
    [TestCase("""{"out":{"a":[]},"x":3,"out":2}""")]
    [TestCase("""{"out":1,"\u006fut":2}""")]
    public void Last_of_duplicate_names_counts(string body) => Value(Read(body)!, Output).GetRawText().ShouldBe("2");

    [Test]
    public void Last_of_names_that_become_duplicates_counts() =>
        Value(Read("""{"\ud800":1,"\udfff":2}""")!, "\uFFFD").GetRawText().ShouldBe("2");

    [CancelAfter(20_000)]
    [TestCase(63, false)]
    [TestCase(64, true)]
    [TestCase(1_000, true)]
    [TestCase(150_000, true)]
    public void Value_nested_deeper_than_the_output_values_may_be_is_its_JSON_text(int depth, bool isText)
    {
        var lists = new string('[', depth) + new string(']', depth);

        ShouldBeKept(lists);
        ShouldBeKept(string.Concat(Enumerable.Repeat("""{"a":""", depth)) + 1 + new string('}', depth));

        void ShouldBeKept(string sent)
        {
            var value = Value(Read($$"""{"out":{{sent}}}""")!, Output);
            value.ValueKind.ShouldBe(isText ? JsonValueKind.String : sent[0] == '[' ? JsonValueKind.Array : JsonValueKind.Object);
            (isText ? value.GetString() : value.GetRawText()).ShouldBe(sent);
        }
    }

    [Test]
    public void Every_string_and_name_is_redacted()
    {
        const string Body = """{"out":["s3cret",{"a s\u0033cret":"no s3cret here","b":{"s3cret":1}}],"s3cret":true,"deploy_stderr":"s3cret"}""";

        var report = AgentReport.Read(Encoding.UTF8.GetBytes(Body), text => text.Replace("s3cret", "***", StringComparison.Ordinal))!;

        Value(report, Output).GetRawText().ShouldBe("""["***",{"a ***":"no *** here","b":{"***":1}}]""");
        Value(report, "***").GetRawText().ShouldBe("true");
        Value(report, "deploy_stderr").GetString().ShouldBe("***");
    }

    [Test]
    public void Text_of_a_value_nested_too_deep_is_redacted()
    {
        var sent = new string('[', 100) + "\"s\\u0033cret\"" + new string(']', 100);

        var report = AgentReport.Read(
            Encoding.UTF8.GetBytes($$"""{"out":{{sent}}}"""), text => text.Replace("s3cret", "***", StringComparison.Ordinal))!;

        Value(report, Output).GetString().ShouldBe(new string('[', 100) + "\"***\"" + new string(']', 100));
    }

    private static string Unchanged(string text) => text;

    private static AgentReport? Read(string body) => AgentReport.Read(Encoding.UTF8.GetBytes(body), Unchanged);

    private static string ValueOf(string sent) => Value(Read($$"""{"out":{{sent}}}""")!, Output).GetRawText();

    private static JsonElement Value(AgentReport report, string name) =>
        report.ValuesOf([new ConfigOutput(name)]).First(value => value.Name == name).Value;
}
