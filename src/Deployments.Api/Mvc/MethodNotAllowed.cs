namespace Deployments.Api.Mvc;

/// <summary>Responds with 405 to unsupported methods where routing alone would respond with something else.</summary>
internal static class MethodNotAllowed
{
    /// <summary>Refuses every method of the path that is not mapped otherwise. The result takes the authorization of this endpoint.</summary>
    public static IEndpointConventionBuilder MapOtherMethods(this IEndpointRouteBuilder endpoints, string path, params string[] allowed) =>
        endpoints.Map(path, context => context.RefuseMethodAsync(allowed));

    public static Task RefuseMethodAsync(this HttpContext context, params string[] allowed)
    {
        context.Response.Headers.Allow = string.Join(", ", allowed);
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    }
}
