using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// Deletes a configuration that no deployment of its project refers to.
/// Throws <see cref="NotFoundException"/>, <see cref="ConflictException"/> while it is in use, <see cref="UnavailableException"/>.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The configuration's id.</param>
public sealed record DeleteConfigCommand(string ProjectId, Guid Id) : IRequest;

internal sealed class DeleteConfigHandler(IConfigStore store) : AsyncRequestHandler<DeleteConfigCommand>
{
    protected override async Task Handle(DeleteConfigCommand command, CancellationToken cancellationToken)
    {
        switch (await store.DeleteAsync(command.ProjectId, command.Id, cancellationToken))
        {
            case ConfigDeletion.Absent:
                throw new NotFoundException($"There is no software config {command.Id} in this project.");
            case ConfigDeletion.InUse:
                throw new ConflictException($"The software config {command.Id} is in use: a software deployment refers to it.");
        }
    }
}
