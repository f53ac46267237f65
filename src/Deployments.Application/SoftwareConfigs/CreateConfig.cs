using AutoMapper;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// Stores a new configuration and returns it once it is durable.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
/// <param name="ProjectId">The project that will own it, already authorised.</param>
/// <param name="Config">What to create.</param>
public sealed record CreateConfigCommand(string ProjectId, NewConfig Config) : IRequest<SoftwareConfigDto>;

internal sealed class CreateConfigValidator : AbstractValidator<CreateConfigCommand>
{
    public CreateConfigValidator(IValidator<NewConfig> config) => RuleFor(command => command.Config).IncludeRulesOf(config);
}

internal sealed class CreateConfigHandler(IConfigStore store, TimeProvider clock, IMapper mapper)
    : IRequestHandler<CreateConfigCommand, SoftwareConfigDto>
{
    public async Task<SoftwareConfigDto> Handle(CreateConfigCommand command, CancellationToken cancellationToken)
    {
        var config = command.Config.Create(command.ProjectId, clock.GetUtcNow());

        await store.AddAsync(config, cancellationToken);

        return mapper.Map<SoftwareConfigDto>(config);
    }
}
