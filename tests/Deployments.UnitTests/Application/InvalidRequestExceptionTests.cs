using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class InvalidRequestExceptionTests
{
    [Test]
    public void Errors_are_grouped_by_field_without_duplicates()
    {
        var errors = new InvalidRequestException([("a", "a is one."), ("b", "b is."), ("a", "a is two."), ("b", "b is.")]).Errors;

        errors.Keys.ShouldBe(["a", "b"]);
        errors["a"].ShouldBe(["a is one.", "a is two."]);
        errors["b"].ShouldBe(["b is."]);
    }

    [Test]
    public void Errors_of_an_endless_sequence_are_the_first_50()
    {
        var errors = new InvalidRequestException(Endless()).Errors;

        errors.Keys.ShouldBe(Enumerable.Range(0, 50).Select(number => $"{number}"));

        static IEnumerable<(string Field, string Message)> Endless()
        {
            for (var number = 0; ; number++)
            {
                yield return ($"{number}", $"{number} is at fault.");
            }
        }
    }

    [TestCase(0, 0)]
    [TestCase(99, 99)]
    [TestCase(100, 100)]
    [TestCase(101, 100)]
    [TestCase(1_000_000, 100)]
    public void Truncate_returns_at_most_100_characters(int length, int shown) =>
        new string('x', length).Truncate().ShouldBe(new string('x', shown));

    [Test]
    public void Truncate_cuts_between_characters() =>
        (new string('x', 99) + "🚀").Truncate().ShouldBe(new string('x', 99));
}
