using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Diagnostics;

namespace Deployments.Api.Errors;

/// <summary>Every exception becomes an answer here, and nowhere else.</summary>
internal sealed partial class ExceptionHandler(ErrorWriter writer, ILogger<ExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        await (exception switch
        {
            InvalidRequestException invalid => writer.WriteAsync(
                httpContext, StatusCodes.Status400BadRequest, string.Join(' ', invalid.Errors.SelectMany(field => field.Value)), invalid.Errors),
            NotFoundException absent => writer.WriteAsync(httpContext, StatusCodes.Status404NotFound, absent.Message),
            PreconditionFailedException outdated =>
                writer.WriteAsync(httpContext, StatusCodes.Status412PreconditionFailed, outdated.Message),
            ConflictException conflict => writer.WriteAsync(httpContext, StatusCodes.Status409Conflict, conflict.Message),
            UnavailableException => writer.WriteAsync(httpContext, StatusCodes.Status503ServiceUnavailable),
            HttpErrorException refused => writer.WriteAsync(httpContext, refused.Status, refused.Detail),
            BadHttpRequestException malformed => writer.WriteAsync(httpContext, malformed.StatusCode),
            _ => WriteUnhandledAsync(httpContext, exception),
        });
        return true;
    }

    private Task WriteUnhandledAsync(HttpContext httpContext, Exception exception)
    {
        LogUnhandled(httpContext.TraceIdentifier, exception);
        return writer.WriteAsync(httpContext, StatusCodes.Status500InternalServerError);
    }

    [LoggerMessage(LogLevel.Error, "Request {RequestId} failed for a reason that is ours.")]
    private partial void LogUnhandled(string requestId, Exception exception);
}
