using Deployments.Api.Errors;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace Deployments.Api.Authorization;

/// <summary>Writes the reason of a 403.</summary>
internal sealed class ForbiddenResponse(ErrorWriter writer) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler defaultHandler = new();

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult) =>
        authorizeResult is { Forbidden: true, AuthorizationFailure.FailureReasons: var reasons } && reasons.FirstOrDefault() is { } reason
            ? writer.WriteAsync(context, StatusCodes.Status403Forbidden, reason.Message)
            : defaultHandler.HandleAsync(next, context, policy, authorizeResult);
}
