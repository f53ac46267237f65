using System.Diagnostics.CodeAnalysis;
using Deployments.Domain.Common;

namespace Deployments.Api.Mvc;

/// <summary>What the routes have in common.</summary>
internal static class Routes
{
    public const string ProjectId = "project_id";

    /// <summary>The route constraint of an id: any other text is no such thing, 404.</summary>
    private const string Uuid = "uuid";

    /// <summary>An id in a route.</summary>
    public const string Id = "{id:" + Uuid + "}";

    public const string Project = "/v1/{" + ProjectId + ":" + ProjectForm + "}";

    private const string ProjectForm = "project";

    /// <summary>The constraints that the routes name.</summary>
    public static void AddConstraints(RouteOptions options)
    {
        options.ConstraintMap.Add(Uuid, typeof(UuidConstraint));
        options.ConstraintMap.Add(ProjectForm, typeof(ProjectIdConstraint));
    }

    /// <summary>
    /// Refuses every other method of a path that takes POST alone and that, to routing, is also an id of the wrong form:
    /// a GET there would be 404 and not 405.
    /// </summary>
    public static void MapPostOnly(this IEndpointRouteBuilder endpoints, string path) => endpoints.Map(path, static context =>
    {
        context.Response.Headers.Allow = HttpMethods.Post;
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    });

    /// <summary>What an id must be; .NET's own constraint takes braces and bare digits too.</summary>
    [SuppressMessage("Performance", "CA1812", Justification = "Made by routing, from the constraint map.")]
    internal sealed class UuidConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            values[routeKey] is Guid || (values[routeKey] is string text && CanonicalUuid.IsInAnyCase(text));
    }

    /// <summary>What a project's id must be: any other text names no project.</summary>
    [SuppressMessage("Performance", "CA1812", Justification = "Made by routing, from the constraint map.")]
    internal sealed class ProjectIdConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            values[routeKey] is string text && Domain.Common.ProjectId.IsValid(text);
    }
}
