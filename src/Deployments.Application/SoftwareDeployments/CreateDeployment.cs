using System.Text.Json;
using AutoMapper;
using Deployments.Application.Behaviours;
using Deployments.Application.Errors;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;
using UUIDNext;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Stores a new deployment and answers it, durable. Strings are limited in Unicode characters.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="UnavailableException"/> when storage does not answer.
/// </summary>
public sealed record CreateDeploymentCommand : IRequest<SoftwareDeploymentDto>
{
    /// <summary>The project that will own the deployment: 1 to 64 characters, already authorised.</summary>
    public required string ProjectId { get; init; }

    /// <summary>Required, 1 to 255 characters, not blank; need not be a configuration that is held here.</summary>
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
}

internal sealed class CreateDeploymentValidator : AbstractValidator<CreateDeploymentCommand>
{
    public CreateDeploymentValidator()
    {
        RuleFor(command => command.ConfigId).Required().AtMost(SoftwareDeployment.MaxConfigIdLength);
        RuleFor(command => command.ServerId).Required().AtMost(SoftwareDeployment.MaxServerIdLength);
        RuleFor(command => command.Action).AtMost(SoftwareDeployment.MaxActionLength);
        RuleFor(command => command.Status).IsDeploymentStatus();
        RuleFor(command => command.StatusReason).AtMost(SoftwareDeployment.MaxStatusReasonLength);
        RuleFor(command => command.StackUserProjectId).AtMost(SoftwareDeployment.MaxProjectIdLength);
    }
}

internal sealed class CreateDeploymentHandler(IDeploymentStore store, TimeProvider clock, IMapper mapper)
    : IRequestHandler<CreateDeploymentCommand, SoftwareDeploymentDto>
{
    public async Task<SoftwareDeploymentDto> Handle(CreateDeploymentCommand command, CancellationToken cancellationToken)
    {
        var deployment = new SoftwareDeployment(
            Uuid.NewDatabaseFriendly(Database.PostgreSql),
            command.ProjectId,
            command.ConfigId!,
            command.ServerId!,
            clock.GetUtcNow(),
            DeploymentStatusNames.Parse(command.Status),
            command.StatusReason,
            command.Action,
            command.InputValues,
            command.StackUserProjectId);

        await store.AddAsync(deployment, cancellationToken);

        return mapper.Map<SoftwareDeploymentDto>(deployment);
    }
}
