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
        Regex.Match(File.ReadAllText(Dockerfile()), @"^ARG VERSION=(.*)$", RegexOptions.Multiline).Groups[1].Value.ShouldBe(ServiceVersion.Number);

    private static string Dockerfile([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "src", "Deployments.Api", "Dockerfile");
}
