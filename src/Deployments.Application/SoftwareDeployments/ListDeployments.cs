using AutoMapper;
using Deployments.Application.Errors;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// The deployments that a project may see, its own and those shared with it, oldest first. The filters are exact and all must hold.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="UnavailableException"/> when storage does not answer.
/// </summary>
public sealed record ListDeploymentsQuery : IRequest<DeploymentPage>
{
    /// <summary>How many a page of any list may hold.</summary>
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

    /// <summary>The last id seen: the list goes on after it, whether or not it is still there.</summary>
    public Guid? Marker { get; init; }
}

/// <summary>A page, or the whole list.</summary>
/// <param name="Deployments">
/// The deployments. Of a whole list only the first are here already; reading on may throw <see cref="UnavailableException"/>.
/// </param>
/// <param name="Next">The marker of the next page; null when there is none.</param>
public sealed record DeploymentPage(IAsyncEnumerable<SoftwareDeploymentDto> Deployments, Guid? Next);

internal sealed class ListDeploymentsValidator : AbstractValidator<ListDeploymentsQuery>
{
    public ListDeploymentsValidator()
    {
        RuleFor(query => query.Limit).IsPageLimit();
        RuleFor(query => query.Status).IsDeploymentStatus();
    }
}

internal sealed class ListDeploymentsHandler(IDeploymentStore store, IMapper mapper)
    : IRequestHandler<ListDeploymentsQuery, DeploymentPage>
{
    public async Task<DeploymentPage> Handle(ListDeploymentsQuery query, CancellationToken cancellationToken)
    {
        var filter = new DeploymentFilter(
            query.ProjectId, query.ServerId, query.ConfigId, query.Action, DeploymentStatusNames.Parse(query.Status));

        var page = await Page.ReadAsync(
            query.Limit,
            query.Marker,
            (after, count, token) => store.ListAsync(filter, after, count, token),
            deployment => deployment.Id,
            cancellationToken);
        return new DeploymentPage(page.Items.Select(mapper.Map<SoftwareDeploymentDto>), page.Next);
    }
}
