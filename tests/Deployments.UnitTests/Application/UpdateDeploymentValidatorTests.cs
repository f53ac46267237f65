using System.Text.Json;
using Deployments.Application.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class UpdateDeploymentValidatorTests
{
    private static readonly DeploymentUpdate Nothing = new();

    [Test]
    public void Nothing_need_be_given() =>
        Failures(Nothing).ShouldBeEmpty();

    [Test]
    public void Empty_values_are_values() =>
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
    public void A_text_may_fill_its_limit_and_go_no_further(string field, int limit)
    {
        var longest = string.Concat(Enumerable.Repeat("🚀", limit));

        Failures(With(field, longest)).ShouldBeEmpty();
        Failures(With(field, longest + 'x')).ShouldBe([(field, $"{field} must have at most {limit} characters.")]);
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("\t\n")]
    public void A_config_is_never_blank(string configId) =>
        Failures(With("config_id", configId)).ShouldBe([("config_id", "config_id must not be blank.")]);

    [TestCase("COMPLETE")]
    [TestCase("IN_PROGRESS")]
    [TestCase("FAILED")]
    public void A_status_of_the_contract_is_taken(string status) =>
        Failures(With("status", status)).ShouldBeEmpty();

    [TestCase("")]
    [TestCase("complete")]
    [TestCase("DONE")]
    public void Any_other_status_is_refused(string status) =>
        Failures(With("status", status)).ShouldBe([("status", "status must be one of COMPLETE, IN_PROGRESS, FAILED.")]);

    [Test]
    public void All_broken_rules_are_told_at_once()
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
