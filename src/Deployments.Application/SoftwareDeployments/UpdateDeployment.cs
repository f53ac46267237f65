using AutoMapper;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using FluentValidation;
using MediatR;
using UUIDNext;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Changes the given fields of a deployment and returns it once it is durable; null keeps a field, "" and {} are values. A change
/// without effect is not recorded. Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="NotFoundException"/>,
/// <see cref="PreconditionFailedException"/>, <see cref="UnavailableException"/>.
/// </summary>
/// <param name="Caller">Who changes it.</param>
/// <param name="Id">The deployment's id.</param>
/// <param name="Update">What to change.</param>
/// <param name="IfMatch">The versions of which the deployment must have one; null for any.</param>
public sealed record UpdateDeploymentCommand(Caller Caller, Guid Id, DeploymentUpdate Update, VersionCondition? IfMatch = null)
    : IRequest<SoftwareDeploymentDto>;

internal sealed class UpdateDeploymentValidator : AbstractValidator<UpdateDeploymentCommand>
{
    public UpdateDeploymentValidator(IValidator<DeploymentUpdate> update) => RuleFor(command => command.Update).IncludeRulesOf(update);
}

internal sealed class UpdateDeploymentHandler(IDeploymentCommands commands, ConfigReferences references, TimeProvider clock, IMapper mapper)
    : IRequestHandler<UpdateDeploymentCommand, SoftwareDeploymentDto>
{
    public async Task<SoftwareDeploymentDto> Handle(UpdateDeploymentCommand command, CancellationToken cancellationToken)
    {
        var changes = command.Update.ToChanges(Uuid.NewDatabaseFriendly(Database.PostgreSql));

        var outcome = await commands.ChangeAsync(
            command.Id,
            deployment =>
            {
                command.IfMatch?.Require(deployment);
                return deployment.Change(changes, clock.GetUtcNow());
            },
            command.Caller,
            references,
            cancellationToken);
        return outcome switch
        {
            { IsConfigMissing: true } => throw ConfigReferences.MissingConfigError(("config_id", command.Update.ConfigId!)),
            { Deployment: { } deployment } => mapper.Map<SoftwareDeploymentDto>(deployment),
            _ => throw DeploymentLookup.NotFound(command.Id),
        };
    }
}
