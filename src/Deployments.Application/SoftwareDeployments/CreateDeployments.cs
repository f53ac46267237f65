using AutoMapper;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Stores several new deployments, all or none, and returns them in their order; with a key only once, however often the request is
/// sent. Throws <see cref="InvalidRequestException"/>, which names each invalid element (<c>software_deployments[3].status</c>),
/// <see cref="ConflictException"/> when the key was used for another request or some of its deployments have been deleted,
/// <see cref="UnavailableException"/> when the database does not respond; the last two also while the result is enumerated.
/// </summary>
/// <param name="Caller">Who creates them; their project will own them.</param>
/// <param name="SoftwareDeployments">What to create: 1 to 1,000.</param>
/// <param name="IdempotencyKey">Identifies the request within the project: 1 to 255 visible ASCII characters; null for none.</param>
public sealed record CreateDeploymentsCommand(
    Caller Caller, IReadOnlyList<NewDeployment?>? SoftwareDeployments, string? IdempotencyKey = null)
    : IRequest<CreateResult<IAsyncEnumerable<SoftwareDeploymentDto>>>
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
            .SetValidator(new MaxItemsValidator<CreateDeploymentsCommand, NewDeployment?>(CreateDeploymentsCommand.MaxCount, "deployments"))
            .DependentRules(() => RuleForEach(command => command.SoftwareDeployments).IsObject().SetValidator(deployment!));
        RuleFor(command => command.IdempotencyKey).IsIdempotencyKey();
    }
}

internal sealed class CreateDeploymentsHandler(IdempotentCreate create, IMapper mapper)
    : IRequestHandler<CreateDeploymentsCommand, CreateResult<IAsyncEnumerable<SoftwareDeploymentDto>>>
{
    public async Task<CreateResult<IAsyncEnumerable<SoftwareDeploymentDto>>> Handle(
        CreateDeploymentsCommand command, CancellationToken cancellationToken)
    {
        var created = await create.CreateAsync(
            command.SoftwareDeployments!,
            () => RequestFingerprint.Of(command.SoftwareDeployments!),
            command.IdempotencyKey,
            command.Caller,
            index => $"software_deployments[{index}].config_id",
            cancellationToken);
        return new(created.Value.Select(mapper.Map<SoftwareDeploymentDto>), created.Replayed);
    }
}
