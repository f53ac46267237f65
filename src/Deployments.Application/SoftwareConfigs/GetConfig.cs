using AutoMapper;
using Deployments.Application.Common.Errors;
using MediatR;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// One configuration of the project.
/// Throws <see cref="NotFoundException"/> when it does not exist, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The configuration's id.</param>
public sealed record GetConfigQuery(string ProjectId, Guid Id) : IRequest<SoftwareConfigDto>;

internal sealed class GetConfigHandler(IConfigStore store, IMapper mapper) : IRequestHandler<GetConfigQuery, SoftwareConfigDto>
{
    public async Task<SoftwareConfigDto> Handle(GetConfigQuery query, CancellationToken cancellationToken) =>
        mapper.Map<SoftwareConfigDto>(
            await store.FindAsync(query.ProjectId, query.Id, cancellationToken)
            ?? throw new NotFoundException($"There is no software config {query.Id} in this project."));
}
