using Deployments.Application.SoftwareDeployments;
using FluentValidation;
using FluentValidation.Results;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class CreateDeploymentValidatorTests
{
    private static readonly NewDeployment Minimal = new() { ConfigId = "config", ServerId = "server" };

    // From the container, which configures the wire names of members.
    private readonly ServiceProvider provider = UseCases.Build();

    private IValidator<CreateDeploymentCommand> Validator => provider.GetRequiredService<IValidator<CreateDeploymentCommand>>();

    [OneTimeTearDown]
    public void Dispose() => provider.Dispose();

    [Test]
    public void Validate_config_and_server_only_returns_no_error() =>
        Failures(Minimal).ShouldBeEmpty();

    [TestCase("config_id", 255)]
    [TestCase("server_id", 255)]
    [TestCase("action", 255)]
    [TestCase("status_reason", 16_384)]
    [TestCase("stack_user_project_id", 64)]
    public void Validate_text_at_its_limit_returns_no_error_and_beyond_it_an_error(string field, int limit)
    {
        var longest = new string('x', limit);

        Failures(With(field, longest)).ShouldBeEmpty();
        Failure(With(field, longest + 'x')).ShouldBe((field, $"{field} must have at most {limit} characters."));
    }

    [TestCase("config_id", 255)]
    [TestCase("server_id", 255)]
    [TestCase("action", 255)]
    [TestCase("status_reason", 16_384)]
    [TestCase("stack_user_project_id", 64)]
    public void Validate_limits_count_code_points(string field, int limit)
    {
        var longest = string.Concat(Enumerable.Repeat("🚀", limit));

        Failures(With(field, longest)).ShouldBeEmpty();
        Failure(With(field, longest + "🚀")).Field.ShouldBe(field);
    }

    [TestCase("config_id")]
    [TestCase("server_id")]
    public void Validate_missing_required_text_returns_an_error(string field) =>
        Failure(With(field, null)).ShouldBe((field, $"{field} is required."));

    [Test]
    public void Validate_blank_required_text_returns_an_error(
        [Values("config_id", "server_id")] string field, [Values("", " ", "\t\r\n", "\u00A0")] string blank) =>
        Failure(With(field, blank)).ShouldBe((field, $"{field} must not be blank."));

    [Test]
    public void Validate_null_or_blank_optional_text_returns_no_error(
        [Values("action", "status_reason", "stack_user_project_id")] string field, [Values(null, "", " ")] string? text) =>
        Failures(With(field, text)).ShouldBeEmpty();

    [TestCase(null)]
    [TestCase("COMPLETE")]
    [TestCase("IN_PROGRESS")]
    [TestCase("FAILED")]
    public void Validate_status_of_the_contract_returns_no_error(string? status) =>
        Failures(With("status", status)).ShouldBeEmpty();

    [TestCase("")]
    [TestCase("complete")]
    [TestCase("DONE")]
    [TestCase("COMPLETE ")]
    [TestCase("1")]
    public void Validate_other_status_returns_an_error(string status) =>
        Failure(With("status", status)).ShouldBe(("status", "status must be one of COMPLETE, IN_PROGRESS, FAILED."));

    [Test]
    public void Validate_invalid_deployment_returns_all_errors()
    {
        var deployment = Minimal with
        {
            ConfigId = null,
            ServerId = " ",
            Action = new string('x', 256),
            Status = "DONE",
            StatusReason = new string('x', 16_385),
            StackUserProjectId = new string('x', 65),
        };

        var failures = Failures(deployment);

        failures.Select(failure => failure.PropertyName).ShouldBe(
            ["config_id", "server_id", "action", "status", "status_reason", "stack_user_project_id"], ignoreOrder: true);
        failures.ShouldAllBe(failure => failure.ErrorMessage.StartsWith(failure.PropertyName + " "));
    }

    [Test]
    public void Validate_blank_text_over_its_limit_returns_two_errors()
    {
        var failures = Failures(With("config_id", new string(' ', 256)));

        failures.Select(failure => failure.ErrorMessage).ShouldBe(
            ["config_id must not be blank.", "config_id must have at most 255 characters."], ignoreOrder: true);
    }

    private List<ValidationFailure> Failures(NewDeployment deployment) =>
        Validator.Validate(new CreateDeploymentCommand(UseCases.Caller, deployment)).Errors;

    private (string Field, string Message) Failure(NewDeployment deployment)
    {
        var failure = Failures(deployment).ShouldHaveSingleItem();
        return (failure.PropertyName, failure.ErrorMessage);
    }

    private static NewDeployment With(string field, string? value) => field switch
    {
        "config_id" => Minimal with { ConfigId = value },
        "server_id" => Minimal with { ServerId = value },
        "action" => Minimal with { Action = value },
        "status" => Minimal with { Status = value },
        "status_reason" => Minimal with { StatusReason = value },
        "stack_user_project_id" => Minimal with { StackUserProjectId = value },
        _ => throw new ArgumentOutOfRangeException(nameof(field), field, "No such field."),
    };
}
