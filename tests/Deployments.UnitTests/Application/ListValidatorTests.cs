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
    public void Validate_limit_from_1_to_1000_or_none_returns_no_error(int? limit)
    {
        UseCases.Failures(Deployments with { Limit = limit }).ShouldBeEmpty();
        UseCases.Failures(new ListConfigsQuery("project", limit, Marker: null)).ShouldBeEmpty();
    }

    [TestCase(int.MinValue)]
    [TestCase(-1)]
    [TestCase(0)]
    [TestCase(1_001)]
    [TestCase(int.MaxValue)]
    public void Validate_limit_out_of_range_returns_an_error(int limit)
    {
        (string, string)[] error = [("limit", "limit must be from 1 to 1000.")];

        UseCases.Failures(Deployments with { Limit = limit }).ShouldBe(error);
        UseCases.Failures(new ListConfigsQuery("project", limit, Marker: null)).ShouldBe(error);
    }

    [TestCase(null)]
    [TestCase("COMPLETE")]
    [TestCase("IN_PROGRESS")]
    [TestCase("FAILED")]
    public void Validate_status_of_the_contract_returns_no_error(string? status) =>
        UseCases.Failures(Deployments with { Status = status }).ShouldBeEmpty();

    [TestCase("")]
    [TestCase("failed")]
    [TestCase("DONE")]
    public void Validate_other_status_returns_an_error(string status) =>
        UseCases.Failures(Deployments with { Status = status }).ShouldBe([("status", "status must be one of COMPLETE, IN_PROGRESS, FAILED.")]);

    [Test]
    public void Validate_invalid_query_returns_all_errors() =>
        UseCases.Failures(Deployments with { Limit = 0, Status = "DONE" }).Select(failure => failure.Field)
            .ShouldBe(["limit", "status"], ignoreOrder: true);
}
