using System.Text.Json;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>What to change in a software deployment. Fields that are not listed here are ignored; null is the same as omitting a field.</summary>
public sealed record DeploymentUpdate
{
    /// <summary>Another software configuration.</summary>
    public string? ConfigId { get; init; }

    /// <summary>Another stack action.</summary>
    /// <example>UPDATE</example>
    public string? Action { get; init; }

    /// <summary>Input data, which replaces all of the current. An empty list is read as {}.</summary>
    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>Output data, which replaces all of the current; nested at most 64 levels deep. An empty list is read as {}.</summary>
    public IReadOnlyDictionary<string, JsonElement>? OutputValues { get; init; }

    /// <summary>Its status. Any status may follow any other.</summary>
    /// <example>COMPLETE</example>
    public string? Status { get; init; }

    /// <summary>Why it has its status.</summary>
    /// <example>Outputs received</example>
    public string? StatusReason { get; init; }

    /// <summary>
    /// After how many seconds from now it becomes FAILED if it is still IN_PROGRESS, 1 to 2,592,000 (30 days), in place of its
    /// current deadline. Without effect on any other status.
    /// </summary>
    /// <example>3600</example>
    public int? Timeout { get; init; }

    internal DeploymentChanges ToChanges(Guid newRunId) => new()
    {
        ConfigId = ConfigId,
        Action = Action,
        Status = DeploymentStatusNames.Parse(Status),
        StatusReason = StatusReason,
        Timeout = Timeout,
        InputValues = InputValues,
        OutputValues = OutputValues,
        NewRunId = newRunId,
    };
}

internal sealed class DeploymentUpdateValidator : AbstractValidator<DeploymentUpdate>
{
    public DeploymentUpdateValidator()
    {
        RuleFor(update => update.ConfigId).NotBlank().AtMost(SoftwareDeployment.MaxConfigIdLength);
        RuleFor(update => update.Action).AtMost(SoftwareDeployment.MaxActionLength);
        RuleFor(update => update.Status).IsDeploymentStatus();
        RuleFor(update => update.StatusReason).AtMost(SoftwareDeployment.MaxStatusReasonLength);
        RuleFor(update => update.Timeout).IsTimeout();
    }
}
