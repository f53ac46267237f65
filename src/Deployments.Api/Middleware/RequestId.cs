using System.Text.RegularExpressions;

namespace Deployments.Api.Middleware;

/// <summary>Keeps the id of a request, or generates one, and returns it with every response.</summary>
internal static partial class RequestId
{
    public const string Header = "X-Openstack-Request-Id";

    public static void UseRequestId(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        context.TraceIdentifier = context.Request.Headers[Header] is [{ } given] && Form().IsMatch(given)
            ? given
            : $"req-{Guid.NewGuid()}";
        return next(context);
    });

    /// <summary>Adds the id to a response that is about to start.</summary>
    public static void AddHeader(HttpContext context) => context.Response.Headers[Header] = context.TraceIdentifier;

    [GeneratedRegex(@"\Areq-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z")]
    private static partial Regex Form();
}
