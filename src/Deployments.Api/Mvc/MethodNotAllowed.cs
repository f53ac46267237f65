namespace Deployments.Api.Mvc;

/// <summary>405 for the methods that a path does not take, where routing alone would respond with something else.</summary>
internal static class MethodNotAllowed
{
    /// <summary>Refuses every method of the path for which nothing else is mapped. Access to it is whatever the caller declares, not routing's.</summary>
    public static IEndpointConventionBuilder MapOtherMethods(this IEndpointRouteBuilder endpoints, string path, params string[] allowed) =>
        endpoints.Map(path, context => context.RefuseMethodAsync(allowed));

    public static Task RefuseMethodAsync(this HttpContext context, params string[] allowed)
    {
        context.Response.Headers.Allow = string.Join(", ", allowed);
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    }
}
