using System.Diagnostics.CodeAnalysis;

namespace Deployments.Api.Http;

/// <summary>What the routes have in common.</summary>
internal static class Routes
{
    public const string ProjectId = "project_id";

    /// <summary>The route constraint of an id: any other text is no such thing, 404.</summary>
    public const string Uuid = "uuid";

    /// <summary>An id in a route.</summary>
    public const string Id = "{id:" + Uuid + "}";

    public const string Project = "/v1/{" + ProjectId + ":length(1,64)}";

    /// <summary>A UUID in its one canonical form; .NET's own constraint takes braces and bare digits too.</summary>
    [SuppressMessage("Performance", "CA1812", Justification = "Made by routing, from the constraint map.")]
    internal sealed class UuidConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            values[routeKey] is Guid || Guid.TryParseExact(values[routeKey] as string, "D", out _);
    }
}
