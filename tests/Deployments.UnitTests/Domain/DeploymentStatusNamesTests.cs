using System.Text.Json;
using Deployments.Api.Json;
using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class DeploymentStatusNamesTests
{
    [Test]
    public void Each_status_has_a_name_of_its_own_and_no_name_is_left_over()
    {
        var names = Enum.GetValues<DeploymentStatus>().Select(status => status.ToName());

        names.ShouldBe(DeploymentStatusNames.All, ignoreOrder: true);
        DeploymentStatusNames.All.ShouldBe(["COMPLETE", "IN_PROGRESS", "FAILED"], ignoreOrder: true);
    }

    [TestCaseSource(nameof(Statuses))]
    public void A_name_leads_back_to_its_status(DeploymentStatus status) =>
        DeploymentStatusNames.Parse(status.ToName()).ShouldBe(status);

    [TestCaseSource(nameof(Statuses))]
    public void Answers_call_a_status_by_the_same_name(DeploymentStatus status)
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
    public void Any_other_text_names_no_status(string? name) =>
        DeploymentStatusNames.Parse(name).ShouldBeNull();

    [Test]
    public void An_undefined_status_has_no_name() =>
        Should.Throw<ArgumentOutOfRangeException>(() => ((DeploymentStatus)99).ToName());

    private static DeploymentStatus[] Statuses() => Enum.GetValues<DeploymentStatus>();
}
