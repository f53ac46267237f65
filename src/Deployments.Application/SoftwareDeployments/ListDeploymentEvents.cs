using AutoMapper;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// A deployment's history, oldest first: one entry for its creation and one for each change. Only the first entries have been read, the
/// others are read as they are enumerated, so that a history of any length takes little memory.
/// Throws <see cref="InvalidRequestException"/>, <see cref="NotFoundException"/>, <see cref="UnavailableException"/>, the last also while the
/// entries are enumerated.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The deployment's id.</param>
/// <param name="Limit">1 to 1,000 entries; null for the whole history.</param>
/// <param name="Marker">The last version seen: the history continues after it; null for its beginning.</param>
public sealed record ListDeploymentEventsQuery(string ProjectId, Guid Id, int? Limit, int? Marker)
    : IRequest<IAsyncEnumerable<DeploymentEventDto>>;

internal sealed class ListDeploymentEventsValidator : AbstractValidator<ListDeploymentEventsQuery>
{
    public ListDeploymentEventsValidator()
    {
        RuleFor(query => query.Limit).IsPageLimit();
        RuleFor(query => query.Marker).GreaterThanOrEqualTo(1).WithMessage("{PropertyPath} must be a version, 1 or more.");
    }
}

internal sealed class ListDeploymentEventsHandler(IDeploymentQueries queries, ListReader lists, IMapper mapper)
    : IRequestHandler<ListDeploymentEventsQuery, IAsyncEnumerable<DeploymentEventDto>>
{
    public async Task<IAsyncEnumerable<DeploymentEventDto>> Handle(ListDeploymentEventsQuery query, CancellationToken cancellationToken)
    {
        var deployment = await queries.GetAsync(query.ProjectId, query.Id, cancellationToken);
        var events = await lists.ReadAsync<DeploymentEvent, int>(
            query.Limit,
            query.Marker,
            (after, count, token) => queries.ListEventsAsync(deployment.ProjectId, deployment.Id, after, count, token),
            entry => entry.Version,
            cancellationToken);
        return events.Select(mapper.Map<DeploymentEventDto>);
    }
}
