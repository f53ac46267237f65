using AutoMapper;
using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// One deployment, the project's own or shared with it.
/// Throws <see cref="NotFoundException"/> when it does not exist, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The deployment's id.</param>
public sealed record GetDeploymentQuery(string ProjectId, Guid Id) : IRequest<SoftwareDeploymentDto>;

internal sealed class GetDeploymentHandler(IDeploymentQueries queries, IMapper mapper)
    : IRequestHandler<GetDeploymentQuery, SoftwareDeploymentDto>
{
    public async Task<SoftwareDeploymentDto> Handle(GetDeploymentQuery query, CancellationToken cancellationToken) =>
        mapper.Map<SoftwareDeploymentDto>(await queries.GetAsync(query.ProjectId, query.Id, cancellationToken));
}
