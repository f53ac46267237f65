using System.Text.Json;
using Deployments.Application.Common.Validation;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using UUIDNext;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>A software deployment to create. Fields that are not listed here are ignored; null is the same as omitting a field.</summary>
public sealed record NewDeployment
{
    /// <summary>The software configuration to apply. It need not exist in this service.</summary>
    /// <example>8da95794-2ad9-4979-8ae5-739ce314c5cd</example>
    public string? ConfigId { get; init; }

    /// <summary>The server to apply it to. It need not be a UUID.</summary>
    /// <example>ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5</example>
    public string? ServerId { get; init; }

    /// <summary>The stack action that triggers the deployment, usually CREATE, UPDATE, DELETE, SUSPEND or RESUME.</summary>
    /// <example>CREATE</example>
    public string? Action { get; init; }

    /// <summary>Input data as key-value pairs. They are returned as they were sent; nested at most 64 levels deep. An empty list is read as {}.</summary>
    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>Its status; IN_PROGRESS by default.</summary>
    /// <example>IN_PROGRESS</example>
    public string? Status { get; init; }

    /// <summary>Why it has its status.</summary>
    /// <example>Deploy data available</example>
    public string? StatusReason { get; init; }

    /// <summary>A second project that may list, read, update and delete the deployment, through its own path. It is never returned.</summary>
    /// <example>c024bfada67845ddb17d2b0c0be8cd79</example>
    public string? StackUserProjectId { get; init; }

    /// <summary>
    /// After how many seconds it becomes FAILED if it is still IN_PROGRESS, 1 to 2,592,000 (30 days). Without effect on any
    /// other status.
    /// </summary>
    /// <example>3600</example>
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
