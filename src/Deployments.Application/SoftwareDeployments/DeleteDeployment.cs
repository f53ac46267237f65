using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Deletes a deployment: it and its history no longer exist. The change feed has its events and the deletion for a while.
/// Throws <see cref="NotFoundException"/>, <see cref="PreconditionFailedException"/>, <see cref="UnavailableException"/>.
/// </summary>
/// <param name="Caller">Who deletes it.</param>
/// <param name="Id">The deployment's id.</param>
/// <param name="IfMatch">The versions of which the deployment must have one; null for any.</param>
public sealed record DeleteDeploymentCommand(Caller Caller, Guid Id, VersionCondition? IfMatch) : IRequest;

internal sealed class DeleteDeploymentHandler(IDeploymentCommands commands) : AsyncRequestHandler<DeleteDeploymentCommand>
{
    protected override async Task Handle(DeleteDeploymentCommand command, CancellationToken cancellationToken)
    {
        if (!await commands.DeleteAsync(
            command.Caller, command.Id, deployment => command.IfMatch?.Require(deployment), cancellationToken))
        {
            throw DeploymentLookup.NotFound(command.Id);
        }
    }
}
