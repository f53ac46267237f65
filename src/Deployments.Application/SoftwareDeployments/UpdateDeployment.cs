using AutoMapper;
using Deployments.Application.Common;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Changes what is given of a deployment and answers it, durable; null leaves a field as it is, "" and {} are values. What changes
/// nothing leaves no trace. Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="NotFoundException"/>,
/// <see cref="PreconditionFailedException"/>, <see cref="UnavailableException"/>.
/// </summary>
/// <param name="Caller">Who changes it.</param>
/// <param name="Id">The deployment's id.</param>
/// <param name="Update">What to change.</param>
/// <param name="IfMatch">The versions of which the deployment must have one; null for any.</param>
public sealed record UpdateDeploymentCommand(Caller Caller, Guid Id, DeploymentUpdate Update, IReadOnlySet<int>? IfMatch = null)
    : IRequest<SoftwareDeploymentDto>;

internal sealed class UpdateDeploymentValidator : AbstractValidator<UpdateDeploymentCommand>
{
    public UpdateDeploymentValidator(IValidator<DeploymentUpdate> update) => RuleFor(command => command.Update).IncludeRulesOf(update);
}

internal sealed class UpdateDeploymentHandler(IDeploymentStore store, ConfigReferences references, TimeProvider clock, IMapper mapper)
    : IRequestHandler<UpdateDeploymentCommand, SoftwareDeploymentDto>
{
    public Task<SoftwareDeploymentDto> Handle(UpdateDeploymentCommand command, CancellationToken cancellationToken) =>
        ChangeAsync(command, cancellationToken).WithTimeoutAsync();

    private async Task<SoftwareDeploymentDto> ChangeAsync(UpdateDeploymentCommand command, CancellationToken cancellationToken)
    {
        var changes = command.Update.ToChanges();

        // Whoever loses a race looks again: with If-Match that is 412, without it the change goes on top.
        while (true)
        {
            var deployment = await store.GetAsync(command.Caller.ProjectId, command.Id, command.IfMatch, cancellationToken);
            var formerConfigId = deployment.ConfigId;
            if (!deployment.Change(changes, clock.GetUtcNow()))
            {
                return mapper.Map<SoftwareDeploymentDto>(deployment);
            }

            var mustBeKnown = references.RequireExisting && deployment.ConfigId != formerConfigId;
            switch (await store.UpdateAsync(deployment, command.Caller, mustBeKnown, cancellationToken))
            {
                case UpdateOutcome.Saved:
                    return mapper.Map<SoftwareDeploymentDto>(deployment);
                case UpdateOutcome.MissingConfig:
                    throw ConfigReferences.MissingConfigError(("config_id", deployment.ConfigId));
            }
        }
    }
}
