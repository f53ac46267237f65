using System.Text.Unicode;
using Deployments.Application.Errors;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Deployments.Api.Http;

/// <summary>
/// Refuses an address that is no text (UTF-8 without NUL), and, where an operation takes query parameters, any that is unknown,
/// empty or repeated: a filter that is silently left out shows a caller what they did not ask for.
/// </summary>
internal sealed class UrlFilter : IResourceFilter
{
    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        var request = context.HttpContext.Request;
        if (!IsText(request.RawPath()))
        {
            throw new InvalidRequestException("path", "path must be percent-encoded UTF-8 without NUL.");
        }

        var names = context.ActionDescriptor.Parameters
            .Where(parameter => parameter.BindingInfo?.BindingSource == BindingSource.Query)
            .Select(parameter => parameter.BindingInfo!.BinderModelName ?? parameter.Name)
            .ToList();
        if (names.Count == 0)
        {
            return;
        }

        if (!IsText(request.QueryString.Value ?? string.Empty))
        {
            throw new InvalidRequestException("query", "query must be percent-encoded UTF-8 without NUL.");
        }

        var errors = request.Query
            .Select(parameter => (parameter.Key, Fault: FaultOf(parameter.Key, parameter.Value, names)))
            .Where(parameter => parameter.Fault is not null)
            .ToDictionary(parameter => parameter.Key, parameter => new[] { $"{parameter.Key} {parameter.Fault}" });
        if (errors.Count > 0)
        {
            throw new InvalidRequestException(errors);
        }
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
        // Nothing is left to refuse.
    }

    private static string? FaultOf(string name, IList<string?> values, List<string> known) =>
        !known.Contains(name) ? $"is not known here. Known are {string.Join(", ", known)}."
        : values.Count > 1 ? "stands more than once."
        : string.IsNullOrEmpty(values[0]) ? "must not be empty."
        : null;

    private static bool IsText(string encoded) =>
        RawUrl.Decode(encoded) is var bytes && Utf8.IsValid(bytes) && !bytes.Contains((byte)0);
}
