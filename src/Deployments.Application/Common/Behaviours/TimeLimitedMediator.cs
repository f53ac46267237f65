using MediatR;

namespace Deployments.Application.Common.Behaviours;

/// <summary>
/// Gives each request its deadline, except those that limit their own work. A behaviour cannot: it has no way to hand another token to the handler.
/// </summary>
internal sealed class TimeLimitedMediator(ServiceFactory services, RequestDeadline deadline) : IMediator
{
    private readonly Mediator mediator = new(services);

    public Task<TResponse> Send<TResponse>(IRequest<TResponse> request, CancellationToken cancellationToken = default) =>
        request is IHeldRequest
            ? mediator.Send(request, cancellationToken)
            : deadline.RunAsync(token => mediator.Send(request, token), cancellationToken);

    public Task<object?> Send(object request, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Requests are sent by their type.");

    public Task Publish(object notification, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("There are no notifications.");

    public Task Publish<TNotification>(TNotification notification, CancellationToken cancellationToken = default)
        where TNotification : INotification =>
        throw new NotSupportedException("There are no notifications.");
}
