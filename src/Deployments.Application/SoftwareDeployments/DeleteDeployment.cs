using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// Deletes a deployment and its history.
/// Throws <see cref="NotFoundException"/>, <see cref="PreconditionFailedException"/>, <see cref="UnavailableException"/>.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The deployment's id.</param>
/// <param name="IfMatch">The versions of which the deployment must have one; null for any.</param>
public sealed record DeleteDeploymentCommand(string ProjectId, Guid Id, IReadOnlySet<int>? IfMatch) : IRequest;

internal sealed class DeleteDeploymentHandler(IDeploymentStore store) : IRequestHandler<DeleteDeploymentCommand, Unit>
{
    public Task<Unit> Handle(DeleteDeploymentCommand command, CancellationToken cancellationToken) =>
        DeleteAsync(command, cancellationToken).WithTimeoutAsync();

    private async Task<Unit> DeleteAsync(DeleteDeploymentCommand command, CancellationToken cancellationToken)
    {
        while (true)
        {
            var deployment = await store.GetAsync(command.ProjectId, command.Id, command.IfMatch, cancellationToken);
            if (await store.DeleteAsync(deployment, onlyThisVersion: command.IfMatch is not null, cancellationToken))
            {
                return Unit.Value;
            }
        }
    }
}
