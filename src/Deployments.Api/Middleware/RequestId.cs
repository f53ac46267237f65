using System.Text.RegularExpressions;
using Deployments.Api.Hosting;

namespace Deployments.Api.Middleware;

/// <summary>
/// Gives each request an id, or keeps the one it came with, and puts it on the answer whatever that is. What else is to be done as an
/// answer begins is done by the same door.
/// </summary>
internal static partial class RequestId
{
    public const string Header = "X-Openstack-Request-Id";

    public static void UseRequestId(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        context.TraceIdentifier = context.Request.Headers[Header] is [{ } given] && Form().IsMatch(given)
            ? given
            : $"req-{Guid.NewGuid()}";
        context.Response.OnStarting(
            static state =>
            {
                var context = (HttpContext)state;
                context.Response.Headers[Header] = context.TraceIdentifier;
                SecurityHeaders.Add(context);
                context.DisableRequestTimeout();
                context.CloseConnectionIfStopping();
                return Task.CompletedTask;
            },
            context);
        return next(context);
    });

    [GeneratedRegex(@"\Areq-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z")]
    private static partial Regex Form();
}
