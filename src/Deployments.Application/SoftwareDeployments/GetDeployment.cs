using AutoMapper;
using Deployments.Application.Errors;
using Deployments.Domain.SoftwareDeployments;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// One deployment, the project's own or shared with it.
/// Throws <see cref="NotFoundException"/> when there is none such, <see cref="UnavailableException"/> when storage does not answer.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The deployment's id.</param>
public sealed record GetDeploymentQuery(string ProjectId, Guid Id) : IRequest<SoftwareDeploymentDto>;

internal sealed class GetDeploymentHandler(IDeploymentStore store, IMapper mapper)
    : IRequestHandler<GetDeploymentQuery, SoftwareDeploymentDto>
{
    public async Task<SoftwareDeploymentDto> Handle(GetDeploymentQuery query, CancellationToken cancellationToken) =>
        mapper.Map<SoftwareDeploymentDto>(await store.GetAsync(query.ProjectId, query.Id, ifMatch: null, cancellationToken));
}

internal static class DeploymentLookup
{
    /// <summary>The deployment, which must be there for this project and have one of the given versions.</summary>
    public static async Task<SoftwareDeployment> GetAsync(
        this IDeploymentStore store, string projectId, Guid id, IReadOnlySet<int>? ifMatch, CancellationToken cancellationToken)
    {
        var deployment = await store.FindAsync(projectId, id, cancellationToken)
            ?? throw new NotFoundException($"There is no software deployment {id} in this project.");

        return ifMatch is null || ifMatch.Contains(deployment.Version) ? deployment : throw new PreconditionFailedException();
    }
}
