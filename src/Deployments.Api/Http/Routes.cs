using System.Diagnostics.CodeAnalysis;

namespace Deployments.Api.Http;

/// <summary>What the routes have in common.</summary>
internal static class Routes
{
    public const string ProjectId = "project_id";

    /// <summary>The route constraint of an id: any other text is no such thing, 404.</summary>
    public const string Uuid = "uuid";

    public const string Project = "/v1/{" + ProjectId + ":length(1,64)}";

    /// <summary>
    /// A UUID in its one canonical form; .NET's own constraint takes braces and bare digits too, and its parser white space and signs.
    /// </summary>
    [SuppressMessage("Performance", "CA1812", Justification = "Made by routing, from the constraint map.")]
    internal sealed class UuidConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            values[routeKey] is Guid
            || (values[routeKey] is string text
                && text.All(character => char.IsAsciiHexDigit(character) || character == '-')
                && Guid.TryParseExact(text, "D", out _));
    }
}
