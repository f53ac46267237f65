using System.Text.Json;
using Deployments.Api.Json;
using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class DeploymentStatusNamesTests
{
    [Test]
    public void Each_status_has_exactly_one_name()
    {
        var names = Enum.GetValues<DeploymentStatus>().Select(status => status.ToName());

        names.ShouldBe(DeploymentStatusNames.All, ignoreOrder: true);
        DeploymentStatusNames.All.ShouldBe(["COMPLETE", "IN_PROGRESS", "FAILED"], ignoreOrder: true);
    }

    [TestCaseSource(nameof(Statuses))]
    public void Parse_returns_the_status_of_its_name(DeploymentStatus status) =>
        DeploymentStatusNames.Parse(status.ToName()).ShouldBe(status);

    [TestCaseSource(nameof(Statuses))]
    public void JSON_has_the_name_of_a_status(DeploymentStatus status)
    {
        var options = new JsonSerializerOptions();
        JsonOptionsSetup.Apply(options, TimeFormat.Utc);

        var json = JsonSerializer.Serialize(status, options);

        json.ShouldBe($"\"{status.ToName()}\"");
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("complete")]
    [TestCase("Complete")]
    [TestCase(" COMPLETE")]
    [TestCase("INPROGRESS")]
    [TestCase("InProgress")]
    [TestCase("0")]
    public void Parse_of_an_unknown_name_returns_null(string? name) =>
        DeploymentStatusNames.Parse(name).ShouldBeNull();

    [Test]
    public void ToName_of_an_undefined_status_throws() =>
        Should.Throw<ArgumentOutOfRangeException>(() => ((DeploymentStatus)99).ToName());

    private static DeploymentStatus[] Statuses() => Enum.GetValues<DeploymentStatus>();
}
