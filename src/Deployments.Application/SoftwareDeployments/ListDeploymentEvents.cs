using AutoMapper;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// A deployment's history, oldest first: one entry for its creation and one for each change.
/// Throws <see cref="NotFoundException"/>, <see cref="UnavailableException"/>.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The deployment's id.</param>
public sealed record ListDeploymentEventsQuery(string ProjectId, Guid Id) : IRequest<IReadOnlyList<DeploymentEventDto>>;

internal sealed class ListDeploymentEventsHandler(IDeploymentStore store, IMapper mapper)
    : IRequestHandler<ListDeploymentEventsQuery, IReadOnlyList<DeploymentEventDto>>
{
    public Task<IReadOnlyList<DeploymentEventDto>> Handle(ListDeploymentEventsQuery query, CancellationToken cancellationToken) =>
        ListAsync(query, cancellationToken).WithTimeoutAsync();

    private async Task<IReadOnlyList<DeploymentEventDto>> ListAsync(ListDeploymentEventsQuery query, CancellationToken cancellationToken)
    {
        var deployment = await store.GetAsync(query.ProjectId, query.Id, ifMatch: null, cancellationToken);

        return mapper.Map<IReadOnlyList<DeploymentEventDto>>(await store.ListEventsAsync(deployment, cancellationToken));
    }
}
