using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Deployments.Api.Errors;

/// <summary>Makes the one body that every error has.</summary>
internal sealed class ErrorWriter(IOptions<JsonOptions> json)
{
    public const string ProblemMediaType = "application/problem+json";
    private const string RetryAfterSeconds = "1";

    /// <summary>Answers the status with what is known of its cause.</summary>
    public Task WriteAsync(HttpContext context, int status, string? detail = null, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        var (type, usual) = Describe(status);
        var said = detail ?? usual;

        context.Response.StatusCode = status;
        if (status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests)
        {
            context.Response.Headers.RetryAfter = context.Response.Headers.RetryAfter is { Count: > 0 } known ? known : RetryAfterSeconds;
        }

        var body = new ErrorBody
        {
            Type = $"urn:deployments:error:{type}",
            Title = ReasonPhrases.GetReasonPhrase(status),
            Status = status,
            Detail = said,
            Instance = context.TraceIdentifier,
            Errors = errors,
            Code = status,
            Explanation = said,
            Cause = new ErrorCause { Type = type, Message = said, Traceback = null },
        };
        context.Features.Set(body); // for the log
        return context.Response.WriteAsJsonAsync(
            body,
            json.Value.JsonSerializerOptions,
            AcceptsProblem(context.Request) ? ProblemMediaType : "application/json",
            CancellationToken.None); // a request that is given up for its time is answered all the same
    }

    private static (string Type, string Detail) Describe(int status) => status switch
    {
        StatusCodes.Status400BadRequest => ("invalid", "The request is invalid."),
        StatusCodes.Status401Unauthorized => ("unauthorized", "A valid token is required, in Authorization: Bearer or in X-Auth-Token."),
        StatusCodes.Status403Forbidden => ("forbidden", "The token is for another project, or its role may not do this."),
        StatusCodes.Status404NotFound => ("not_found", "There is nothing at this path."),
        StatusCodes.Status405MethodNotAllowed => ("method_not_allowed", "This path does not take this method; the Allow header lists those it takes."),
        StatusCodes.Status406NotAcceptable => ("not_acceptable", "This service answers application/json, which the Accept header leaves out."),
        StatusCodes.Status408RequestTimeout => ("request_timeout", "The request was not sent in time."),
        StatusCodes.Status409Conflict => ("conflict", "The request conflicts with what is stored."),
        StatusCodes.Status412PreconditionFailed => ("precondition_failed", "It has changed."),
        StatusCodes.Status413PayloadTooLarge => ("body_too_large", "The body is too large."),
        StatusCodes.Status415UnsupportedMediaType => ("unsupported_media_type", "The body must be application/json in UTF-8."),
        StatusCodes.Status429TooManyRequests => ("too_many_requests", "The project sends more requests than its rate allows; Retry-After tells how long to wait."),
        StatusCodes.Status503ServiceUnavailable => ("unavailable", "The service cannot reach its database, or has too much to do. Try again."),
        >= 400 and < 500 => ("bad_request", "The request cannot be served."),
        _ => ("internal", "The service failed to answer. The request id tells its operator why."),
    };

    private static bool AcceptsProblem(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
        && accepted.Any(range => range.MediaType.Equals(ProblemMediaType, StringComparison.OrdinalIgnoreCase) && range.Quality != 0);
}
