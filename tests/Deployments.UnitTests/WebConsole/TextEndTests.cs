using Deployments.WebConsole.Components;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.WebConsole;

public sealed class TextEndTests
{
    [TestCase("", 3, "")]
    [TestCase("abc", 3, "abc")]
    [TestCase("abcd", 3, "bcd")]
    [TestCase("a<b", 7, "<b")]
    [TestCase("a<b", 6, "b")]
    [TestCase("aüb", 9, "üb")]
    [TestCase("aüb", 8, "b")]
    [TestCase("😀b", 17, "😀b")]
    [TestCase("😀b", 9, "b")] // not half of the pair
    [TestCase("a\u001bb", 8, "b")]
    [TestCase("a\nb", 6, "\nb")]
    [TestCase("a\tb", 5, "b")]
    [TestCase("a\u200bb", 28, "\u200bb")]
    [TestCase("a\u200bb", 27, "b")]
    public void End_has_as_much_as_fits_when_it_is_encoded(string text, int bytes, string expected) => TextEnd.Of(text, bytes).ShouldBe(expected);
}
