using AutoMapper;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Stores a new deployment and returns it once it is durable; with a key only once, however often the request is sent.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="ConflictException"/> when the key was used for
/// another request, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
/// <param name="Caller">Who creates it; their project will own it.</param>
/// <param name="Deployment">What to create.</param>
/// <param name="IdempotencyKey">Identifies the request within the project: 1 to 255 visible ASCII characters; null for none.</param>
public sealed record CreateDeploymentCommand(Caller Caller, NewDeployment Deployment, string? IdempotencyKey = null)
    : IRequest<CreateResult<SoftwareDeploymentDto>>;

internal sealed class CreateDeploymentValidator : AbstractValidator<CreateDeploymentCommand>
{
    public CreateDeploymentValidator(IValidator<NewDeployment> deployment)
    {
        RuleFor(command => command.Deployment).IncludeRulesOf(deployment);
        RuleFor(command => command.IdempotencyKey).IsIdempotencyKey();
    }
}

internal sealed class CreateDeploymentHandler(IdempotentCreate create, IMapper mapper)
    : IRequestHandler<CreateDeploymentCommand, CreateResult<SoftwareDeploymentDto>>
{
    public async Task<CreateResult<SoftwareDeploymentDto>> Handle(CreateDeploymentCommand command, CancellationToken cancellationToken)
    {
        var created = await create.CreateAsync(
            [command.Deployment],
            () => RequestFingerprint.Of(command.Deployment),
            command.IdempotencyKey,
            command.Caller,
            _ => "config_id",
            cancellationToken);
        return new(mapper.Map<SoftwareDeploymentDto>(await created.Value.FirstAsync(cancellationToken)), created.Replayed);
    }
}
