using Deployments.Domain.Common;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class ProjectIdTests
{
    [TestCase("p", 1, true)]
    [TestCase("p", 64, true)]
    [TestCase("🚀", 64, true)]
    [TestCase("p", 65, false)]
    [TestCase("p", 0, false)]
    [TestCase(" ", 1, false)]
    [TestCase("\t", 2, false)]
    public void Project_id_is_not_blank_and_has_at_most_64_characters(string character, int count, bool valid) =>
        ProjectId.IsValid(string.Concat(Enumerable.Repeat(character, count))).ShouldBe(valid);
}
