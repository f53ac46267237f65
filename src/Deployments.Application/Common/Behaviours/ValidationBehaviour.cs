using Deployments.Application.Common.Errors;
using FluentValidation;
using MediatR;

namespace Deployments.Application.Common.Behaviours;

/// <summary>
/// Runs every validator of a request before its handler, and reports all broken rules at once.
/// </summary>
internal sealed class ValidationBehaviour<TRequest, TResponse>(IEnumerable<IValidator<TRequest>> validators)
    : IPipelineBehavior<TRequest, TResponse>
    where TRequest : IRequest<TResponse>
{
    public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        var failures = validators.SelectMany(validator => validator.Validate(request).Errors).ToList();

        return failures.Count == 0
            ? next()
            : throw new InvalidRequestException(failures.Select(failure => (failure.PropertyName, failure.ErrorMessage)));
    }
}
