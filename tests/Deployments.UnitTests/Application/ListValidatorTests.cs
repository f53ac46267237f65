using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class ListValidatorTests
{
    private static readonly ListDeploymentsQuery Deployments = new() { ProjectId = "project" };

    [TestCase(null)]
    [TestCase(1)]
    [TestCase(1_000)]
    public void A_limit_may_be_from_1_to_1000_or_none(int? limit)
    {
        UseCases.Failures(Deployments with { Limit = limit }).ShouldBeEmpty();
        UseCases.Failures(new ListConfigsQuery("project", limit, Marker: null)).ShouldBeEmpty();
    }

    [TestCase(int.MinValue)]
    [TestCase(-1)]
    [TestCase(0)]
    [TestCase(1_001)]
    [TestCase(int.MaxValue)]
    public void Any_other_limit_is_refused(int limit)
    {
        (string, string)[] refusal = [("limit", "limit must be from 1 to 1000.")];

        UseCases.Failures(Deployments with { Limit = limit }).ShouldBe(refusal);
        UseCases.Failures(new ListConfigsQuery("project", limit, Marker: null)).ShouldBe(refusal);
    }

    [TestCase(null)]
    [TestCase("COMPLETE")]
    [TestCase("IN_PROGRESS")]
    [TestCase("FAILED")]
    public void Deployments_may_be_asked_for_by_a_status_of_the_contract(string? status) =>
        UseCases.Failures(Deployments with { Status = status }).ShouldBeEmpty();

    [TestCase("")]
    [TestCase("failed")]
    [TestCase("DONE")]
    public void Deployments_of_any_other_status_cannot_be_asked_for(string status) =>
        UseCases.Failures(Deployments with { Status = status }).ShouldBe([("status", "status must be one of COMPLETE, IN_PROGRESS, FAILED.")]);

    [Test]
    public void All_broken_rules_are_told_at_once() =>
        UseCases.Failures(Deployments with { Limit = 0, Status = "DONE" }).Select(failure => failure.Field)
            .ShouldBe(["limit", "status"], ignoreOrder: true);
}
