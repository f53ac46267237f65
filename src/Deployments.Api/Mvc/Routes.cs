using System.Diagnostics.CodeAnalysis;
using Deployments.Domain.Common;

namespace Deployments.Api.Mvc;

/// <summary>The parts that all routes share.</summary>
internal static class Routes
{
    public const string ProjectId = "project_id";

    /// <summary>The route constraint of an id: any other text is a 404.</summary>
    private const string Uuid = "uuid";

    /// <summary>An id in a route.</summary>
    public const string Id = "{id:" + Uuid + "}";

    public const string Project = "/v1/{" + ProjectId + ":" + ProjectForm + "}";

    private const string ProjectForm = "project";

    /// <summary>Registers the constraints that the routes use.</summary>
    public static void AddConstraints(RouteOptions options)
    {
        options.ConstraintMap.Add(Uuid, typeof(UuidConstraint));
        options.ConstraintMap.Add(ProjectForm, typeof(ProjectIdConstraint));
    }

    /// <summary>An id is a UUID; .NET's own constraint also takes braces and bare digits.</summary>
    [SuppressMessage("Performance", "CA1812", Justification = "Created by routing, from the constraint map.")]
    internal sealed class UuidConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            values[routeKey] is Guid || (values[routeKey] is string text && CanonicalUuid.IsInAnyCase(text));
    }

    /// <summary>A project's id is valid by <see cref="Domain.Common.ProjectId"/>: any other text is a 404.</summary>
    [SuppressMessage("Performance", "CA1812", Justification = "Created by routing, from the constraint map.")]
    internal sealed class ProjectIdConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            values[routeKey] is string text && Domain.Common.ProjectId.IsValid(text);
    }
}
