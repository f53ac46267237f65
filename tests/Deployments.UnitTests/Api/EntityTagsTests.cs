using Deployments.Api.Mvc.Filters;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class EntityTagsTests
{
    private static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch.AddMicroseconds(0x1f);

    [TestCase(null)]
    [TestCase("*")]
    [TestCase(" * ")]
    [TestCase("*, W/\"1\"")]
    public void Condition_without_a_header_or_with_a_star_is_null(string? header) =>
        EntityTags.Condition(header).ShouldBeNull();

    [TestCase("\"1\"", 1)]
    [TestCase(" \"12\" ", 12)]
    [TestCase("\"1\",\"2\"", 1, 2)]
    [TestCase("\"3\" , \"1\",, \"3\"", 1, 3)]
    [TestCase("\"2147483647\"", int.MaxValue)]
    [TestCase("\"7-zoneless\"", 7)]
    [TestCase("\"1\", \"7-zoneless\"", 1, 7)]
    public void Condition_of_bare_versions_matches_them_at_any_time(string header, params int[] versions) =>
        Versions(header).ShouldBe(versions.Select(version => new DeploymentVersion(version, Changed: null)), ignoreOrder: true);

    [TestCase("\"1-1f\"", 1)]
    [TestCase("\"2147483647-1f\"", int.MaxValue)]
    [TestCase("\"7-1f-zoneless\"", 7)]
    [TestCase("\"1-1f\", \"7-1f-zoneless\"", 1, 7)]
    public void Condition_of_versions_with_a_time_matches_them_at_that_time(string header, params int[] versions) =>
        Versions(header).ShouldBe(versions.Select(version => new DeploymentVersion(version, Time)), ignoreOrder: true);

    [TestCase("W/\"1\"")] // weak: If-Match compares strongly
    [TestCase("W/\"1-1f\"")]
    [TestCase("\"1-1f-gzip\"")]
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
    [TestCase("\"1-\"")]
    [TestCase("\"1-1F\"")]
    [TestCase("\"1-01f\"")]
    [TestCase("\"01-1f\"")]
    [TestCase("\"1-1g\"")]
    [TestCase("\"1--1f\"")]
    [TestCase("\"1-1f-1f\"")]
    [TestCase("\"1-ffffffffffffffff\"")]
    [TestCase("\"1-7fffffffffffffff\"")]
    [TestCase("\"1-10000000000000000\"")]
    public void Condition_ignores_weak_and_unknown_tags(string tag)
    {
        Versions(tag).ShouldBeEmpty();
        Versions($"{tag}, \"5\"").ShouldBe([new DeploymentVersion(5, Changed: null)]);
    }

    [TestCase("W/\"1-1f\"", true)]
    [TestCase("\"1-1f-gzip\"", true)]
    [TestCase("\"1-1f-zoneless-gzip\"", true)]
    [TestCase("\"1-1f-br\"", true)]
    [TestCase("\"1-1f;gzip\"", true)]
    [TestCase("\"1-1f--gzip\"", true)]
    [TestCase("\"1-1f\", \"1-1f-gzip\"", true)]
    [TestCase("\"1-1f\"", false)]
    [TestCase("\"1-1f-zoneless\"", false)]
    [TestCase("\"gzip\"", false)]
    [TestCase("\"1-gzip-1f\"", false)]
    public void A_tag_that_is_weak_or_has_the_suffix_of_a_compression_is_one_that_a_proxy_has_altered(string header, bool altered) =>
        EntityTags.Condition(header).ShouldNotBeNull().HasUnreadableVersions.ShouldBe(altered);

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
        var exception = Should.Throw<InvalidRequestException>(() => EntityTags.Condition(header));

        exception.Errors.Keys.ShouldBe(["If-Match"]);
        exception.Errors["If-Match"].ShouldBe(["If-Match must be * or a list of entity tags, such as \"1-66132d60578da\"."]);
    }

    private static IReadOnlySet<DeploymentVersion> Versions(string header) => EntityTags.Condition(header).ShouldNotBeNull().Versions;
}
