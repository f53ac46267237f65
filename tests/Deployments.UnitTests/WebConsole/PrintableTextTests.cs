using Deployments.WebConsole.Components;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.WebConsole;

public sealed class PrintableTextTests
{
    [TestCase(null, "")]
    [TestCase("plain ü 😀 text", "plain ü 😀 text")]
    [TestCase("a\nb\tc", "a␊b␉c")]
    [TestCase("\u001b[31m\u0000\u007f", "␛[31m␀␡")]
    [TestCase("\u0085\u202etxt.exe\u2066\u200b\ufeff", "⟨U+0085⟩⟨U+202E⟩txt.exe⟨U+2066⟩⟨U+200B⟩⟨U+FEFF⟩")]
    [TestCase("<script>", "<script>")]
    public void Text_on_one_line_shows_each_character(string? text, string shown) => PrintableText.Line(text).ShouldBe(shown);

    [TestCase(null, "")]
    [TestCase("abc", "abc")]
    [TestCase("abcd", "abc…")]
    [TestCase("ab😀", "ab…")] // not half of the pair
    public void Text_on_one_line_is_cut_to_its_beginning(string? text, string shown) => PrintableText.Line(text, 3).ShouldBe(shown);

    [TestCase("a\r\nb\rc\n\td\u0007", "a\nb\nc\n\td␇")]
    public void Text_on_several_lines_keeps_its_lines(string text, string shown) => PrintableText.Lines(text).ShouldBe(shown);
}
