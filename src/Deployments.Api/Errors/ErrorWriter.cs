using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Deployments.Api.Errors;

/// <summary>Writes the body of every error.</summary>
internal sealed class ErrorWriter(IOptions<JsonOptions> json)
{
    public const string ProblemMediaType = "application/problem+json";

    /// <summary>Writes an error response; without a detail, with the default one of its status.</summary>
    public Task WriteAsync(HttpContext context, int status, string? detail = null, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        context.Response.StatusCode = status;
        if (status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests)
        {
            context.Response.Headers.RetryAfter = context.Response.Headers.RetryAfter is { Count: > 0 } given
                ? given
                : RetryAfterAttribute.MinSeconds(context).ToString(CultureInfo.InvariantCulture);
        }

        var body = CreateBody(status, detail, errors, context.TraceIdentifier);
        context.Features.Set(body); // for the log
        return context.Response.WriteAsJsonAsync(
            body,
            json.Value.JsonSerializerOptions,
            AcceptsProblem(context.Request) ? ProblemMediaType : "application/json",
            CancellationToken.None); // a request that timed out still gets its response
    }

    /// <summary>The body of an error; without a detail, with the default one of its status.</summary>
    public static ErrorBody CreateBody(int status, string? detail, IReadOnlyDictionary<string, string[]>? errors, string requestId)
    {
        var (type, defaultDetail) = Describe(status);
        detail ??= defaultDetail;
        return new ErrorBody
        {
            Type = $"urn:deployments:error:{type}",
            Title = ReasonPhrases.GetReasonPhrase(status),
            Status = status,
            Detail = detail,
            Instance = requestId,
            Errors = errors,
            Code = status,
            Explanation = detail,
            Cause = new ErrorCause { Type = type, Message = detail, Traceback = null },
        };
    }

    private static (string Type, string Detail) Describe(int status) => status switch
    {
        StatusCodes.Status400BadRequest => ("invalid", "The request is invalid."),
        StatusCodes.Status401Unauthorized => ("unauthorized", "A valid token is required, in Authorization: Bearer or in X-Auth-Token."),
        StatusCodes.Status403Forbidden => ("forbidden", "The token is for another project, or its role may not do this."),
        StatusCodes.Status404NotFound => ("not_found", "This path does not exist."),
        StatusCodes.Status405MethodNotAllowed => ("method_not_allowed", "This path does not support this method; the Allow header lists those that it does."),
        StatusCodes.Status406NotAcceptable => ("not_acceptable", "The response would be application/json, which the Accept header excludes."),
        StatusCodes.Status408RequestTimeout => ("request_timeout", "The body of the request did not arrive in time."),
        StatusCodes.Status409Conflict => ("conflict", "The request conflicts with what is stored."),
        StatusCodes.Status410Gone => ("gone", "What the cursor continues from no longer exists."),
        StatusCodes.Status412PreconditionFailed => ("precondition_failed", "The resource has changed."),
        StatusCodes.Status413PayloadTooLarge => ("body_too_large", "The body is too large."),
        StatusCodes.Status415UnsupportedMediaType => ("unsupported_media_type", "The body must be application/json in UTF-8."),
        StatusCodes.Status429TooManyRequests => ("too_many_requests", "The project exceeds its request rate. Retry after the time in Retry-After."),
        StatusCodes.Status503ServiceUnavailable => ("unavailable", "The database cannot be reached, or the service is overloaded. Try again."),
        >= 400 and < 500 => ("bad_request", "The request cannot be processed."),
        _ => ("internal", "The service failed. Its log explains why, under the request's id."),
    };

    private static bool AcceptsProblem(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
        && accepted.Any(range => range.MediaType.Equals(ProblemMediaType, StringComparison.OrdinalIgnoreCase) && range.Quality != 0);
}
