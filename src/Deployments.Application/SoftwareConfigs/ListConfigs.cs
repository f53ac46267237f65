using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Application.Common.Validation;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// The configurations of a project in summary, newest first.
/// Throws <see cref="InvalidRequestException"/>, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Limit">1 to 1,000 for a page; null for the whole list.</param>
/// <param name="Marker">The last id seen: the list continues after it, whether or not it still exists.</param>
public sealed record ListConfigsQuery(string ProjectId, int? Limit, Guid? Marker) : IRequest<Page<SoftwareConfigSummaryDto>>;

internal sealed class ListConfigsValidator : AbstractValidator<ListConfigsQuery>
{
    public ListConfigsValidator() => RuleFor(query => query.Limit).IsPageLimit();
}

internal sealed class ListConfigsHandler(IConfigStore store, ListReader lists) : IRequestHandler<ListConfigsQuery, Page<SoftwareConfigSummaryDto>>
{
    public Task<Page<SoftwareConfigSummaryDto>> Handle(ListConfigsQuery query, CancellationToken cancellationToken) => lists.ReadPageAsync<SoftwareConfigSummaryDto>(
        query.Limit,
        query.Marker,
        async (before, count, token) => new Chunk<SoftwareConfigSummaryDto>(
            await store.ListAsync(query.ProjectId, before, count, token), IsTruncated: false),
        findPageEnd: null,
        config => config.Id,
        isDescending: true,
        cancellationToken);
}
