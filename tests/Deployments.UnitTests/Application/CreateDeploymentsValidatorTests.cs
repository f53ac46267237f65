using Deployments.Application.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class CreateDeploymentsValidatorTests
{
    private static readonly NewDeployment Minimal = new() { ConfigId = "config", ServerId = "server" };

    [TestCase(1)]
    [TestCase(1_000)]
    public void Validate_batch_of_1_to_1000_deployments_returns_no_error(int count) =>
        Failures([.. Enumerable.Repeat(Minimal, count)]).ShouldBeEmpty();

    [Test]
    public void Validate_batch_of_1001_deployments_returns_only_the_size_error() =>
        Failures([.. Enumerable.Repeat(new NewDeployment(), 1_001)])
            .ShouldBe([("software_deployments", "software_deployments must hold at most 1000 deployments.")]);

    [Test]
    public void Validate_empty_or_null_batch_returns_an_error()
    {
        (string, string)[] error = [("software_deployments", "software_deployments must hold at least one deployment.")];

        Failures([]).ShouldBe(error);
        Failures(null).ShouldBe(error);
    }

    [Test]
    public void Validate_null_element_returns_an_error() =>
        Failures([Minimal, null]).ShouldBe([("software_deployments[1]", "software_deployments[1] must be a JSON object.")]);

    [Test]
    public void Validate_invalid_elements_returns_all_errors_of_each()
    {
        var failures = Failures(
            [
                new NewDeployment { ServerId = " ", Status = "DONE" },
                Minimal,
                Minimal with
                {
                    ConfigId = new string('x', 256),
                    Action = new string('x', 256),
                    StatusReason = new string('x', 16_385),
                    StackUserProjectId = new string('x', 65),
                },
                null,
            ]);

        failures.ShouldBe(
            [
                ("software_deployments[0].config_id", "software_deployments[0].config_id is required."),
                ("software_deployments[0].server_id", "software_deployments[0].server_id must not be blank."),
                ("software_deployments[0].status", "software_deployments[0].status must be one of COMPLETE, IN_PROGRESS, FAILED."),
                ("software_deployments[2].config_id", "software_deployments[2].config_id must have at most 255 characters."),
                ("software_deployments[2].action", "software_deployments[2].action must have at most 255 characters."),
                ("software_deployments[2].status_reason", "software_deployments[2].status_reason must have at most 16384 characters."),
                ("software_deployments[2].stack_user_project_id", "software_deployments[2].stack_user_project_id must have at most 64 characters."),
                ("software_deployments[3]", "software_deployments[3] must be a JSON object."),
            ],
            ignoreOrder: true);
    }

    private static IReadOnlyList<(string Field, string Message)> Failures(IReadOnlyList<NewDeployment?>? deployments) =>
        UseCases.Failures(new CreateDeploymentsCommand(UseCases.Caller, deployments));
}
