using Deployments.Api.Mvc.Filters;
using Deployments.Application.Common.Errors;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class EntityTagsTests
{
    [TestCase(null)]
    [TestCase("*")]
    [TestCase(" * ")]
    public void Versions_without_a_header_or_with_a_star_returns_null(string? header) =>
        EntityTags.Versions(header).ShouldBeNull();

    [TestCase("\"1\"", 1)]
    [TestCase(" \"12\" ", 12)]
    [TestCase("\"1\",\"2\"", 1, 2)]
    [TestCase("\"3\" , \"1\",, \"3\"", 1, 3)]
    [TestCase("\"2147483647\"", int.MaxValue)]
    [TestCase("\"7-zoneless\"", 7)]
    [TestCase("\"1\", \"7-zoneless\"", 1, 7)]
    public void Versions_of_a_list_returns_the_versions_in_it(string header, params int[] versions) =>
        EntityTags.Versions(header).ShouldNotBeNull().ShouldBe(versions, ignoreOrder: true);

    [TestCase("W/\"1\"")] // weak: If-Match compares strongly
    [TestCase("\"\"")]
    [TestCase("\"abc\"")]
    [TestCase("\"01\"")]
    [TestCase("\"+1\"")]
    [TestCase("\"-1\"")]
    [TestCase("\"1.0\"")]
    [TestCase("\"2147483648\"")]
    [TestCase("\"*\"")]
    [TestCase("\"-zoneless\"")]
    [TestCase("\"01-zoneless\"")]
    [TestCase("\"1-Zoneless\"")]
    [TestCase("\"1-zoneless-zoneless\"")]
    [TestCase("\"zoneless-1\"")]
    public void Versions_ignores_weak_and_unknown_tags(string tag)
    {
        EntityTags.Versions(tag).ShouldNotBeNull().ShouldBeEmpty();
        EntityTags.Versions($"{tag}, \"5\"").ShouldNotBeNull().ShouldBe([5]);
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase(",")]
    [TestCase("1")]
    [TestCase("\"1")]
    [TestCase("1\"")]
    [TestCase("'1'")]
    [TestCase("\"1\" \"2\"")]
    [TestCase("\"1\", 2")]
    public void Versions_of_an_invalid_header_throws_naming_If_Match(string header)
    {
        var exception = Should.Throw<InvalidRequestException>(() => EntityTags.Versions(header));

        exception.Errors.Keys.ShouldBe(["If-Match"]);
        exception.Errors["If-Match"].ShouldBe(["If-Match must be * or a list of entity tags, such as \"1\"."]);
    }
}
