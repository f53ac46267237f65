using System.Diagnostics;
using Deployments.Api.Errors;
using Deployments.Api.Hosting;
using Deployments.Api.Mvc;
using Deployments.Api.OpenApi;
using Microsoft.AspNetCore.Diagnostics;

namespace Deployments.Api.Observability;

/// <summary>
/// Logs one line for each request. The JSON format has the route instead of the path; the format for people has the path, and the reason of
/// an error. Never a query, a header, a token or a body.
/// </summary>
internal static partial class RequestLog
{
    public const string Category = "Deployments.Api.Requests";

    public static void UseRequestLog(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(Category);
        var isForPeople = ConsoleLogging.IsForPeople(app.Configuration);
        app.Use(async (context, next) =>
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                await next(context);
            }
            finally
            {
                var time = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                var isRoutine = Health.IsProbe(context.Request) || OpenApiSetup.IsRead(context.Request);
                if (!isForPeople)
                {
                    WriteForPrograms(logger, isRoutine ? LogLevel.Debug : LogLevel.Information, context, time);
                }
                else if (!isRoutine)
                {
                    WriteForPeople(logger, context, time);
                }
            }
        });
    }

    private static void WriteForPrograms(ILogger logger, LogLevel level, HttpContext context, double time)
    {
        LogRequest(
            logger,
            level,
            context.Request.Method,
            (context.GetRequestedEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "-",
            context.Response.StatusCode,
            time,
            context.TraceIdentifier,
            (context.Features.Get<IExceptionHandlerFeature>()?.RouteValues ?? context.Request.RouteValues)[Routes.ProjectId] as string ?? "-");
    }

    private static void WriteForPeople(ILogger logger, HttpContext context, double time) => LogRequestForPeople(
        logger,
        context.Request.Method,
        LoggedPath.Of(context),
        context.Response.StatusCode,
        time,
        context.Features.Get<ErrorBody>() is { Detail: var detail } ? $": {detail}" : "");

    [LoggerMessage(Message = "{Method} {Route} {Status} {Milliseconds:F1} ms {RequestId} {Project}")]
    private static partial void LogRequest(
        ILogger logger, LogLevel level, string method, string route, int status, double milliseconds, string requestId, string project);

    [LoggerMessage(LogLevel.Information, "{Method} {Path} {Status} {Milliseconds:F1} ms{Reason}")]
    private static partial void LogRequestForPeople(ILogger logger, string method, string path, int status, double milliseconds, string reason);
}
