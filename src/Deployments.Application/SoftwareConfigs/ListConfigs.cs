using Deployments.Application.Errors;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// The configurations of a project in summary, newest first.
/// Throws <see cref="InvalidRequestException"/>, <see cref="UnavailableException"/> when storage does not answer.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Limit">1 to 1,000 for a page; null for the whole list.</param>
/// <param name="Marker">The last id seen: the list goes on after it, whether or not it is still there.</param>
public sealed record ListConfigsQuery(string ProjectId, int? Limit, Guid? Marker) : IRequest<ConfigPage>;

/// <summary>A page, or the whole list.</summary>
/// <param name="Configs">
/// The configurations. Of a whole list only the first are here already; reading on may throw <see cref="UnavailableException"/>.
/// </param>
/// <param name="Next">The marker of the next page; null when there is none.</param>
public sealed record ConfigPage(IAsyncEnumerable<SoftwareConfigSummaryDto> Configs, Guid? Next);

internal sealed class ListConfigsValidator : AbstractValidator<ListConfigsQuery>
{
    public ListConfigsValidator() => RuleFor(query => query.Limit).IsPageLimit();
}

internal sealed class ListConfigsHandler(IConfigStore store) : IRequestHandler<ListConfigsQuery, ConfigPage>
{
    public async Task<ConfigPage> Handle(ListConfigsQuery query, CancellationToken cancellationToken)
    {
        var page = await Page.ReadAsync(
            query.Limit,
            query.Marker,
            (after, count, token) => store.ListAsync(query.ProjectId, after, count, token),
            config => config.Id,
            cancellationToken);
        return new ConfigPage(page.Items, page.Next);
    }
}
