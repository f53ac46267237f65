using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Deployments.Api.Hosting;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class ServiceVersionTests
{
    [Test]
    public void Label_of_the_image_has_the_version_of_the_program() =>
        First("^ARG VERSION=(.*)$", "src", "Deployments.Api", "Dockerfile").ShouldBe(ServiceVersion.Number);

    [Test]
    public void Topmost_version_of_the_changelog_is_that_of_the_program() =>
        First(@"^## ([^\s,]+)", "CHANGELOG.md").ShouldBe(ServiceVersion.Number);

    private static string First(string pattern, params string[] file) =>
        Regex.Match(File.ReadAllText(Path.Combine([Root(), .. file])), pattern, RegexOptions.Multiline).Groups[1].Value;

    private static string Root([CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..");
}
