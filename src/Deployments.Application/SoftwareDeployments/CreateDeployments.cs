using AutoMapper;
using Deployments.Application.Errors;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Stores several new deployments, all or none, and answers them in the order in which they were given.
/// Throws <see cref="InvalidRequestException"/> that names each element at fault (<c>software_deployments[3].status</c>),
/// <see cref="UnavailableException"/> when storage does not answer.
/// </summary>
/// <param name="Caller">Who creates them; their project will own them.</param>
/// <param name="SoftwareDeployments">What to create: 1 to 1,000.</param>
public sealed record CreateDeploymentsCommand(Caller Caller, IReadOnlyList<NewDeployment?>? SoftwareDeployments)
    : IRequest<IReadOnlyList<SoftwareDeploymentDto>>
{
    /// <summary>How many one batch may hold.</summary>
    public const int MaxCount = 1_000;
}

internal sealed class CreateDeploymentsValidator : AbstractValidator<CreateDeploymentsCommand>
{
    public CreateDeploymentsValidator(IValidator<NewDeployment> deployment)
    {
        RuleFor(command => command.SoftwareDeployments).Cascade(CascadeMode.Stop)
            .NotEmpty().WithMessage("{PropertyPath} must hold at least one deployment.")
            .Must(deployments => deployments!.Count <= CreateDeploymentsCommand.MaxCount)
            .WithMessage($"{{PropertyPath}} must hold at most {CreateDeploymentsCommand.MaxCount} deployments.")
            .DependentRules(() => RuleForEach(command => command.SoftwareDeployments)
                .NotNull().WithMessage("{PropertyPath} must be a JSON object.")
                .SetValidator(deployment!));
    }
}

internal sealed class CreateDeploymentsHandler(IDeploymentStore store, ConfigReferences references, TimeProvider clock, IMapper mapper)
    : IRequestHandler<CreateDeploymentsCommand, IReadOnlyList<SoftwareDeploymentDto>>
{
    public async Task<IReadOnlyList<SoftwareDeploymentDto>> Handle(CreateDeploymentsCommand command, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var deployments = command.SoftwareDeployments!.Select(deployment => deployment!.Create(command.Caller.ProjectId, now)).ToList();

        var unknown = await store.AddAsync(deployments, command.Caller, references, cancellationToken);
        if (unknown.Count > 0)
        {
            throw ConfigReferences.Refusal(
                from element in deployments.Index()
                where unknown.Contains(element.Item.ConfigId)
                select ($"software_deployments[{element.Index}].config_id", element.Item.ConfigId));
        }

        return mapper.Map<IReadOnlyList<SoftwareDeploymentDto>>(deployments);
    }
}
