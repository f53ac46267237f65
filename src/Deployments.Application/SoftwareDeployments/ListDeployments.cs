using AutoMapper;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// The deployments that a project may see, its own and those shared with it, in the order of their creation. The filters are exact and all must hold.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
public sealed record ListDeploymentsQuery : IRequest<Page<SoftwareDeploymentDto>>
{
    /// <summary>The maximum number of items on a page of any list.</summary>
    public const int MaxLimit = 1_000;

    /// <summary>The project that asks, already authorised.</summary>
    public required string ProjectId { get; init; }

    /// <summary>Only those of this server.</summary>
    public string? ServerId { get; init; }

    /// <summary>Only those of this configuration.</summary>
    public string? ConfigId { get; init; }

    /// <summary>Only those with this action.</summary>
    public string? Action { get; init; }

    /// <summary>Only those with this status: COMPLETE, IN_PROGRESS or FAILED.</summary>
    public string? Status { get; init; }

    /// <summary>1 to 1,000 for a page; null for the whole list.</summary>
    public int? Limit { get; init; }

    /// <summary>The last id seen: the list continues after it, whether or not it still exists.</summary>
    public Guid? Marker { get; init; }

    /// <summary>asc, the oldest first, or desc, the newest first; null for asc.</summary>
    public string? SortDir { get; init; }
}

internal sealed class ListDeploymentsValidator : AbstractValidator<ListDeploymentsQuery>
{
    public ListDeploymentsValidator()
    {
        RuleFor(query => query.Limit).IsPageLimit();
        RuleFor(query => query.Status).IsDeploymentStatus();
        RuleFor(query => query.SortDir).IsOneOf(SortDirections.All);
    }
}

internal sealed class ListDeploymentsHandler(IDeploymentQueries queries, ListReader lists, IMapper mapper)
    : IRequestHandler<ListDeploymentsQuery, Page<SoftwareDeploymentDto>>
{
    public async Task<Page<SoftwareDeploymentDto>> Handle(ListDeploymentsQuery query, CancellationToken cancellationToken)
    {
        var filter = new DeploymentFilter(
            query.ProjectId,
            query.ServerId,
            query.ConfigId,
            query.Action,
            DeploymentStatusNames.Parse(query.Status),
            IsDescending: query.SortDir == SortDirections.Descending);

        var page = await lists.ReadPageAsync<SoftwareDeployment>(
            query.Limit,
            query.Marker,
            (after, count, token) => queries.ListAsync(filter, after, count, token),
            (after, count, token) => queries.FindPageEndAsync(filter, after, count, token),
            deployment => deployment.Id,
            filter.IsDescending,
            cancellationToken);
        return new Page<SoftwareDeploymentDto>(page.Items.Select(mapper.Map<SoftwareDeploymentDto>), page.Next);
    }
}
