using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Diagnostics;

namespace Deployments.Api.Errors;

/// <summary>The one place where exceptions become responses.</summary>
internal sealed partial class ExceptionHandler(ErrorWriter writer, ILogger<ExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        await (exception switch
        {
            InvalidRequestException invalid => writer.WriteAsync(
                httpContext, StatusCodes.Status400BadRequest, string.Join(' ', invalid.Errors.SelectMany(field => field.Value)), invalid.Errors),
            NotFoundException notFound => writer.WriteAsync(httpContext, StatusCodes.Status404NotFound, notFound.Message),
            GoneException gone => writer.WriteAsync(httpContext, StatusCodes.Status410Gone, gone.Message),
            PreconditionFailedException failed => writer.WriteAsync(
                httpContext,
                StatusCodes.Status412PreconditionFailed,
                failed.HasUnreadableVersions
                    ? "A proxy has changed the entity tag in If-Match: it is weak, or has the suffix of a compression. The proxy must pass entity tags on as they are."
                    : "It has changed: its version is none of those in If-Match."),
            ConflictException conflict => writer.WriteAsync(httpContext, StatusCodes.Status409Conflict, conflict.Message),
            UnavailableException unavailable => WriteUnavailableAsync(httpContext, unavailable),
            HttpErrorException refused => writer.WriteAsync(httpContext, refused.Status, refused.Detail),
            BadHttpRequestException malformed => writer.WriteAsync(httpContext, malformed.StatusCode),
            _ => WriteUnhandledAsync(httpContext, exception),
        });
        return true;
    }

    private Task WriteUnavailableAsync(HttpContext httpContext, UnavailableException unavailable)
    {
        // Without a cause the service was overloaded, and the database well.
        if (unavailable.InnerException is { } cause)
        {
            LogUnavailable(DatabaseFailure.Describe(cause));
        }

        return writer.WriteAsync(httpContext, StatusCodes.Status503ServiceUnavailable, unavailable.Detail);
    }

    private Task WriteUnhandledAsync(HttpContext httpContext, Exception exception)
    {
        LogUnhandled(httpContext.TraceIdentifier, exception);
        return writer.WriteAsync(httpContext, StatusCodes.Status500InternalServerError);
    }

    [LoggerMessage(LogLevel.Warning, "The database cannot be used: {Reason}")]
    private partial void LogUnavailable(string reason);

    [LoggerMessage(LogLevel.Error, "Request {RequestId} failed: unhandled exception.")]
    private partial void LogUnhandled(string requestId, Exception exception);
}
