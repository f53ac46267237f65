using AutoMapper;
using Deployments.Application.Errors;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Stores a new deployment and answers it, durable.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="UnavailableException"/> when storage does not answer.
/// </summary>
/// <param name="Caller">Who creates it; their project will own it.</param>
/// <param name="Deployment">What to create.</param>
public sealed record CreateDeploymentCommand(Caller Caller, NewDeployment Deployment) : IRequest<SoftwareDeploymentDto>;

internal sealed class CreateDeploymentValidator : AbstractValidator<CreateDeploymentCommand>
{
    public CreateDeploymentValidator(IValidator<NewDeployment> deployment) =>
        RuleFor(command => command.Deployment).MeetsRulesOf(deployment);
}

internal sealed class CreateDeploymentHandler(IDeploymentStore store, ConfigReferences references, TimeProvider clock, IMapper mapper)
    : IRequestHandler<CreateDeploymentCommand, SoftwareDeploymentDto>
{
    public async Task<SoftwareDeploymentDto> Handle(CreateDeploymentCommand command, CancellationToken cancellationToken)
    {
        var deployment = command.Deployment.Create(command.Caller.ProjectId, clock.GetUtcNow());

        var unknown = await store.AddAsync([deployment], command.Caller, references, cancellationToken);

        return unknown.Count == 0
            ? mapper.Map<SoftwareDeploymentDto>(deployment)
            : throw ConfigReferences.Refusal(("config_id", deployment.ConfigId));
    }
}
