using System.Text.Json;
using Deployments.Application.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class UpdateDeploymentValidatorTests
{
    private static readonly DeploymentUpdate Nothing = new();

    [Test]
    public void Validate_empty_update_returns_no_error() =>
        Failures(Nothing).ShouldBeEmpty();

    [Test]
    public void Validate_empty_values_returns_no_error() =>
        Failures(Nothing with
        {
            Action = "",
            StatusReason = "",
            InputValues = new Dictionary<string, JsonElement>(),
            OutputValues = new Dictionary<string, JsonElement>(),
        }).ShouldBeEmpty();

    [TestCase("config_id", 255)]
    [TestCase("action", 255)]
    [TestCase("status_reason", 16_384)]
    public void Validate_text_at_its_limit_returns_no_error_and_beyond_it_an_error(string field, int limit)
    {
        var longest = string.Concat(Enumerable.Repeat("🚀", limit));

        Failures(With(field, longest)).ShouldBeEmpty();
        Failures(With(field, longest + 'x')).ShouldBe([(field, $"{field} must have at most {limit} characters.")]);
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("\t\n")]
    public void Validate_blank_config_id_returns_an_error(string configId) =>
        Failures(With("config_id", configId)).ShouldBe([("config_id", "config_id must not be blank.")]);

    [TestCase("COMPLETE")]
    [TestCase("IN_PROGRESS")]
    [TestCase("FAILED")]
    public void Validate_status_of_the_contract_returns_no_error(string status) =>
        Failures(With("status", status)).ShouldBeEmpty();

    [TestCase("")]
    [TestCase("complete")]
    [TestCase("DONE")]
    public void Validate_other_status_returns_an_error(string status) =>
        Failures(With("status", status)).ShouldBe([("status", "status must be one of COMPLETE, IN_PROGRESS, FAILED.")]);

    [Test]
    public void Validate_invalid_update_returns_all_errors()
    {
        var update = Nothing with { ConfigId = " ", Action = new string('x', 256), Status = "DONE", StatusReason = new string('x', 16_385) };

        Failures(update).Select(failure => failure.Field)
            .ShouldBe(["config_id", "action", "status", "status_reason"], ignoreOrder: true);
    }

    private static IReadOnlyList<(string Field, string Message)> Failures(DeploymentUpdate update) =>
        UseCases.Failures(new UpdateDeploymentCommand(UseCases.Caller, Guid.NewGuid(), update));

    private static DeploymentUpdate With(string field, string text) => field switch
    {
        "config_id" => Nothing with { ConfigId = text },
        "action" => Nothing with { Action = text },
        "status" => Nothing with { Status = text },
        "status_reason" => Nothing with { StatusReason = text },
        _ => throw new ArgumentOutOfRangeException(nameof(field), field, "No such field."),
    };
}
