using System.Diagnostics;
using Deployments.Api.Http;
using Microsoft.AspNetCore.Diagnostics;

namespace Deployments.Api.Observability;

/// <summary>One line for each request: the route rather than the path, and never a header, a token or a body.</summary>
internal static partial class RequestLog
{
    public const string Category = "Deployments.Api.Requests";

    public static void UseRequestLog(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(Category);
        app.Use(async (context, next) =>
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                await next(context);
            }
            finally
            {
                // Where an exception was answered, the endpoint has moved to the note that the exception handler left.
                var failure = context.Features.Get<IExceptionHandlerFeature>();
                Answered(
                    logger,
                    context.Request.Method,
                    ((failure?.Endpoint ?? context.GetEndpoint()) as RouteEndpoint)?.RoutePattern.RawText ?? "-",
                    context.Response.StatusCode,
                    Stopwatch.GetElapsedTime(started).TotalMilliseconds,
                    context.TraceIdentifier,
                    (failure?.RouteValues ?? context.Request.RouteValues)[Routes.ProjectId] as string ?? "-");
            }
        });
    }

    [LoggerMessage(LogLevel.Information, "{Method} {Route} {Status} {Milliseconds:F1} ms {RequestId} {Project}")]
    private static partial void Answered(
        ILogger logger, string method, string route, int status, double milliseconds, string requestId, string project);
}
