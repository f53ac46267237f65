using AutoMapper;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// One deployment, the project's own or shared with it; with <paramref name="Wait"/> as it is once it has changed, or ended, or the time is
/// up. Throws <see cref="InvalidRequestException"/>, <see cref="NotFoundException"/> when it does not exist, or is deleted meanwhile,
/// <see cref="UnavailableException"/> when the database does not respond or too many wait.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="Id">The deployment's id.</param>
/// <param name="Wait">1 to 50 seconds to wait; null not to wait.</param>
/// <param name="WhileVersion">Waits while it has one of these versions; null: while it is in progress.</param>
public sealed record GetDeploymentQuery(string ProjectId, Guid Id, int? Wait = null, VersionCondition? WhileVersion = null)
    : IRequest<SoftwareDeploymentDto>, IHeldRequest;

internal sealed class GetDeploymentValidator : AbstractValidator<GetDeploymentQuery>
{
    public GetDeploymentValidator() => RuleFor(query => query.Wait).IsWait();
}

internal sealed class GetDeploymentHandler(
    IDeploymentQueries queries, IChangeWaiter waiter, ReadTurns turns, RequestDeadline deadline, TimeProvider clock, IMapper mapper)
    : IRequestHandler<GetDeploymentQuery, SoftwareDeploymentDto>
{
    public async Task<SoftwareDeploymentDto> Handle(GetDeploymentQuery query, CancellationToken cancellationToken) =>
        mapper.Map<SoftwareDeploymentDto>(query.Wait is { } seconds
            ? await WaitAsync(query, TimeSpan.FromSeconds(seconds), cancellationToken)
            : await deadline.RunAsync(token => ReadAsync(query, token), cancellationToken));

    private async Task<SoftwareDeployment> WaitAsync(GetDeploymentQuery query, TimeSpan time, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        using var watch = waiter.WatchDeployment(query.ProjectId, query.Id);
        while (true)
        {
            var deployment = await turns.RunAsync(token => ReadAsync(query, token), cancellationToken);
            var isAwaited = query.WhileVersion is { } versions ? !versions.IsMetBy(deployment) : deployment.Status != DeploymentStatus.InProgress;
            var remaining = time - clock.GetElapsedTime(started);
            if (isAwaited || remaining <= TimeSpan.Zero)
            {
                return deployment;
            }

            watch.Hold();
            if (!await watch.WaitAsync(deployment.ProjectId, deployment.Version, remaining, cancellationToken))
            {
                return deployment;
            }
        }
    }

    private Task<SoftwareDeployment> ReadAsync(GetDeploymentQuery query, CancellationToken cancellationToken) =>
        queries.GetAsync(query.ProjectId, query.Id, cancellationToken);
}
