using System.Text.RegularExpressions;
using Deployments.Domain.Common;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class CanonicalUuidTests
{
    [TestCase("8da95794-2ad9-4979-8ae5-739ce314c5cd", true, true)]
    [TestCase("8DA95794-2AD9-4979-8AE5-739CE314C5CD", false, true)]
    [TestCase("8da95794-2ad9-4979-8ae5-739ce314c5cD", false, true)]
    [TestCase("8da957942ad949798ae5739ce314c5cd", false, false)]
    [TestCase("{8da95794-2ad9-4979-8ae5-739ce314c5cd}", false, false)]
    [TestCase(" 8da95794-2ad9-4979-8ae5-739ce314c5cd", false, false)]
    [TestCase("+da95794-2ad9-4979-8ae5-739ce314c5cd", false, false)]
    [TestCase("8da95794-2ad9-4979-8ae5-739ce314c5cd0", false, false)]
    [TestCase("8da95794-2ad94-979-8ae5-739ce314c5cd", false, false)]
    [TestCase("", false, false)]
    public void Parse_accepts_only_the_canonical_form_in_lower_case(string text, bool inLowerCase, bool inAnyCase)
    {
        CanonicalUuid.Parse(text).ShouldBe(inLowerCase ? Guid.Parse(text) : null);
        CanonicalUuid.IsInAnyCase(text).ShouldBe(inAnyCase);
        Regex.IsMatch(text, CanonicalUuid.Pattern).ShouldBe(inLowerCase);
    }
}
