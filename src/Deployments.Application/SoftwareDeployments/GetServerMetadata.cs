using AutoMapper;
using Deployments.Application.Errors;
using Deployments.Application.SoftwareConfigs;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// What a server's agent is to apply: one configuration for each deployment of the server that the project may see and whose
/// configuration is held here, by configuration name (none first), then by the deployment's creation. An unknown server has none.
/// Throws <see cref="UnavailableException"/> when storage does not answer.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="ServerId">The server.</param>
public sealed record GetServerMetadataQuery(string ProjectId, string ServerId) : IRequest<IReadOnlyList<SoftwareConfigDto>>;

internal sealed class GetServerMetadataHandler(IDeploymentStore store, IMapper mapper)
    : IRequestHandler<GetServerMetadataQuery, IReadOnlyList<SoftwareConfigDto>>
{
    public async Task<IReadOnlyList<SoftwareConfigDto>> Handle(GetServerMetadataQuery query, CancellationToken cancellationToken) =>
        mapper.Map<IReadOnlyList<SoftwareConfigDto>>(
            await store.ListServerConfigsAsync(query.ProjectId, query.ServerId, cancellationToken));
}
