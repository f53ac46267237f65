using Deployments.Domain.Common;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class CharacterLimitsTests
{
    private const string Rocket = "🚀"; // one code point, two UTF-16 units

    [TestCase("", 0)]
    [TestCase("", 3)]
    [TestCase("abc", 3)]
    [TestCase("äöü", 3)]
    [TestCase(Rocket + Rocket + Rocket, 3)]
    [TestCase("ab" + Rocket, 3)]
    [TestCase(Rocket, 1)]
    public void HasAtMost_returns_true_up_to_the_limit(string text, int characters) =>
        text.HasAtMost(characters).ShouldBeTrue();

    [TestCase("a", 0)]
    [TestCase("abcd", 3)]
    [TestCase("abc" + Rocket, 3)]
    [TestCase("ab" + Rocket + Rocket, 3)]
    [TestCase(Rocket + Rocket + Rocket + Rocket, 3)]
    [TestCase("e\u0301", 1)] // one visible letter, two code points
    public void HasAtMost_returns_false_beyond_the_limit(string text, int characters) =>
        text.HasAtMost(characters).ShouldBeFalse();
}
