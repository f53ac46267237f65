using Deployments.Application.Errors;
using FluentValidation;
using MediatR;

namespace Deployments.Application.Behaviours;

/// <summary>
/// Runs every validator of a request before its handler, and tells all broken rules at once; of thousands, as a body of its
/// largest size can break them, the first.
/// </summary>
internal sealed class ValidationBehaviour<TRequest, TResponse>(IEnumerable<IValidator<TRequest>> validators)
    : IPipelineBehavior<TRequest, TResponse>
    where TRequest : IRequest<TResponse>
{
    private const int MaxFailures = 10_000;

    public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        var failures = validators.SelectMany(validator => validator.Validate(request).Errors).Take(MaxFailures).ToList();

        return failures.Count == 0
            ? next()
            : throw new InvalidRequestException(failures
                .GroupBy(failure => failure.PropertyName, failure => failure.ErrorMessage)
                .ToDictionary(field => field.Key, field => field.Distinct().ToArray()));
    }
}
