using System.Text.Json;
using Deployments.Application.Common.Validation;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using UUIDNext;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>A deployment to create, as it was sent. Strings are limited in Unicode characters; null is the same as not given.</summary>
public sealed record NewDeployment
{
    /// <summary>Required, 1 to 255 characters, not blank.</summary>
    public string? ConfigId { get; init; }

    /// <summary>Required, 1 to 255 characters, not blank; need not be a UUID.</summary>
    public string? ServerId { get; init; }

    /// <summary>At most 255 characters of free text.</summary>
    public string? Action { get; init; }

    /// <summary>Kept as sent: key order, number text and nesting.</summary>
    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>COMPLETE, IN_PROGRESS or FAILED; null means IN_PROGRESS.</summary>
    public string? Status { get; init; }

    /// <summary>At most 16,384 characters.</summary>
    public string? StatusReason { get; init; }

    /// <summary>A second project that may act on the deployment: at most 64 characters.</summary>
    public string? StackUserProjectId { get; init; }

    /// <summary>How many seconds it may be in progress, 1 to 2,592,000; without effect where the status is another.</summary>
    public int? Timeout { get; init; }

    internal SoftwareDeployment Create(string projectId, DateTimeOffset now, IdempotencyKey? idempotencyKey) => new(
        Uuid.NewDatabaseFriendly(Database.PostgreSql),
        projectId,
        ConfigId!,
        ServerId!,
        now,
        DeploymentStatusNames.Parse(Status),
        StatusReason,
        Action,
        InputValues,
        StackUserProjectId,
        Timeout,
        idempotencyKey);
}

internal sealed class NewDeploymentValidator : AbstractValidator<NewDeployment>
{
    public NewDeploymentValidator()
    {
        RuleFor(deployment => deployment.ConfigId).Required().AtMost(SoftwareDeployment.MaxConfigIdLength);
        RuleFor(deployment => deployment.ServerId).Required().AtMost(SoftwareDeployment.MaxServerIdLength);
        RuleFor(deployment => deployment.Action).AtMost(SoftwareDeployment.MaxActionLength);
        RuleFor(deployment => deployment.Status).IsDeploymentStatus();
        RuleFor(deployment => deployment.StatusReason).AtMost(SoftwareDeployment.MaxStatusReasonLength);
        RuleFor(deployment => deployment.StackUserProjectId).AtMost(ProjectId.MaxLength);
        RuleFor(deployment => deployment.Timeout).IsTimeout();
    }
}
