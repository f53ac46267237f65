using System.Text.Json;
using AutoMapper;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Changes what is given of a deployment and answers it, durable; null leaves a field as it is, "" and {} are values. What changes
/// nothing leaves no trace. Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="NotFoundException"/>,
/// <see cref="PreconditionFailedException"/>, <see cref="UnavailableException"/>.
/// </summary>
public sealed record UpdateDeploymentCommand : IRequest<SoftwareDeploymentDto>
{
    /// <summary>Who changes it.</summary>
    public required Caller Caller { get; init; }

    /// <summary>The deployment's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The versions of which the deployment must have one; null for any.</summary>
    public IReadOnlySet<int>? IfMatch { get; init; }

    /// <summary>1 to 255 characters, not blank.</summary>
    public string? ConfigId { get; init; }

    /// <summary>At most 255 characters.</summary>
    public string? Action { get; init; }

    /// <summary>Takes the place of all input values.</summary>
    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>Takes the place of all output values.</summary>
    public IReadOnlyDictionary<string, JsonElement>? OutputValues { get; init; }

    /// <summary>COMPLETE, IN_PROGRESS or FAILED; any may follow any other.</summary>
    public string? Status { get; init; }

    /// <summary>At most 16,384 characters.</summary>
    public string? StatusReason { get; init; }

    /// <summary>How many seconds it may be in progress from now on, 1 to 2,592,000; without effect where the status is another.</summary>
    public int? Timeout { get; init; }
}

internal sealed class UpdateDeploymentValidator : AbstractValidator<UpdateDeploymentCommand>
{
    public UpdateDeploymentValidator()
    {
        RuleFor(command => command.ConfigId).NotBlank().AtMost(SoftwareDeployment.MaxConfigIdLength);
        RuleFor(command => command.Action).AtMost(SoftwareDeployment.MaxActionLength);
        RuleFor(command => command.Status).IsDeploymentStatus();
        RuleFor(command => command.StatusReason).AtMost(SoftwareDeployment.MaxStatusReasonLength);
        RuleFor(command => command.Timeout).IsTimeout();
    }
}

internal sealed class UpdateDeploymentHandler(IDeploymentCommands commands, ConfigReferences references, TimeProvider clock, IMapper mapper)
    : IRequestHandler<UpdateDeploymentCommand, SoftwareDeploymentDto>
{
    public async Task<SoftwareDeploymentDto> Handle(UpdateDeploymentCommand command, CancellationToken cancellationToken)
    {
        var changes = new DeploymentChanges
        {
            ConfigId = command.ConfigId,
            Action = command.Action,
            Status = DeploymentStatusNames.Parse(command.Status),
            StatusReason = command.StatusReason,
            Timeout = command.Timeout,
            InputValues = command.InputValues,
            OutputValues = command.OutputValues,
        };

        var outcome = await commands.ChangeAsync(
            command.Id,
            deployment =>
            {
                deployment.RequireVersion(command.IfMatch);
                return deployment.Change(changes, clock.GetUtcNow());
            },
            command.Caller,
            references,
            cancellationToken);
        return outcome switch
        {
            { IsConfigMissing: true } => throw ConfigReferences.MissingConfigError(("config_id", command.ConfigId!)),
            { Deployment: { } deployment } => mapper.Map<SoftwareDeploymentDto>(deployment),
            _ => throw DeploymentLookup.NotFound(command.Id),
        };
    }
}
