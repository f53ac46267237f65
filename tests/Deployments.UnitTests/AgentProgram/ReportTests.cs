extern alias agent;

using System.Text;
using System.Text.Json;
using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class ReportTests
{
    [TestCase("x")]
    [TestCase("\"")]
    [TestCase("\n")]
    [TestCase("\u0001")]
    [TestCase("ü")]
    [TestCase("\uFFFD")]
    [TestCase("😀")]
    public void Report_that_is_too_long_is_cut_to_the_limit_and_not_much_below(string character)
    {
        var report = new Report();
        report.Set(Report.Output, $"first{string.Concat(Enumerable.Repeat(character, 2_000_000))}last");
        report.Set(Report.Error, "short");

        var json = report.ToJson();

        Encoding.UTF8.GetByteCount(json).ShouldBeInRange(Report.MaxBytes / 2, Report.MaxBytes);
        var read = JsonElement.Parse(json);
        read.GetProperty(Report.Error).GetString().ShouldBe("short");
        var output = read.GetProperty(Report.Output).GetString()!;
        output.ShouldStartWith($"first{character}");
        output.ShouldEndWith($"{character}last");
        output.ShouldContain(OutputCapture.CutMark);
        output.EnumerateRunes().ShouldAllBe(rune => character == "\uFFFD" || rune != Rune.ReplacementChar); // no pair was cut in half
    }

    [Test]
    public void Report_of_many_long_values_leaves_the_short_ones_whole()
    {
        var report = new Report();
        for (var number = 0; number < 100; number++)
        {
            report.Set($"long{number}", new string('x', 100_000));
            report.Set($"short{number}", JsonElement.Parse("""{"a": [1, 2]}"""));
        }

        var json = report.ToJson();

        Encoding.UTF8.GetByteCount(json).ShouldBeInRange(Report.MaxBytes * 9 / 10, Report.MaxBytes);
        JsonElement.Parse(json).EnumerateObject().Where(member => member.Name.StartsWith("short", StringComparison.Ordinal))
            .ShouldAllBe(member => member.Value.GetRawText() == """{"a":[1,2]}""");
    }

    [Test]
    public void Report_of_the_longest_size_is_not_cut()
    {
        var report = new Report();
        report.Set("a", new string('x', Report.MaxBytes - """{"a":""}""".Length));

        var json = report.ToJson();

        json.Length.ShouldBe(Report.MaxBytes);
        json.ShouldNotContain("output cut");
    }

    [Test]
    public void Value_that_is_no_text_is_cut_as_its_JSON()
    {
        var report = new Report();
        report.Set("a", JsonElement.Parse($"[{string.Join(',', Enumerable.Repeat("1", 1_000_000))}]"));

        var value = JsonElement.Parse(report.ToJson()).GetProperty("a").GetString()!;

        value.ShouldStartWith("[1,1");
        value.ShouldEndWith("1,1]");
    }

    [Test]
    public void Reason_follows_what_there_is_of_errors_and_is_all_that_a_log_has()
    {
        var report = new Report();
        report.Set(Report.Error, "secret");
        report.SetStatusCode(3);
        report.Summary.ShouldBe("exit code 3");

        report.Fail(Report.Expired, "it was late.");

        JsonElement.Parse(report.ToJson()).GetProperty(Report.Error).GetString().ShouldBe("secret\ndeployments-agent: it was late.\n");
        report.Summary.ShouldBe("it was late");
    }
}
