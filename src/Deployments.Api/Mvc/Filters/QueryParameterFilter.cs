using System.Text;
using System.Text.Unicode;
using Deployments.Api.Json;
using Deployments.Api.Mvc.Binding;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Domain.Common;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Deployments.Api.Mvc.Filters;

/// <summary>
/// Refuses a path that is not UTF-8 without NUL, and, if an operation has query parameters, any that is unknown, empty, repeated or
/// malformed: ignoring a filter would return the wrong items.
/// </summary>
internal sealed class QueryParameterFilter : IResourceFilter
{
    private const string Query = "query"; // the field of a parameter whose name cannot be shown

    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        var request = context.HttpContext.Request;
        if (!IsText(request.RawPath()))
        {
            throw new InvalidRequestException("path", "path must be percent-encoded UTF-8 without NUL.");
        }

        if (!request.QueryString.HasValue)
        {
            return;
        }

        var known = context.ActionDescriptor.Parameters
            .Where(parameter => parameter.BindingInfo?.BindingSource == BindingSource.Query)
            .ToDictionary(parameter => parameter.BindingInfo!.BinderModelName ?? parameter.Name, parameter => parameter.ParameterType);
        if (known.Count == 0)
        {
            return;
        }

        Refuse(MalformedIn(request.QueryString.Value), _ => "must be percent-encoded UTF-8 without NUL.");
        Refuse(request.Query.Keys, name => ErrorIn(name, request.Query[name], known));
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
        // Nothing to do.
    }

    private static void Refuse(IEnumerable<string> names, Func<string, string?> errorIn)
    {
        var errors = (
            from name in names
            let error = errorIn(name)
            where error is not null
            let field = name.Length == 0 ? Query : name.Truncate()
            select (field, $"{field} {error}"))
            .Take(InvalidRequestException.MaxErrors)
            .ToList();
        if (errors.Count > 0)
        {
            throw new InvalidRequestException(errors);
        }
    }

    /// <summary>The names of the parameters that are not valid text; <see cref="Query"/> if the name itself is not.</summary>
    private static IEnumerable<string> MalformedIn(string? query) =>
        from parameter in (query ?? string.Empty).TrimStart('?').Split('&')
        where !IsText(parameter)
        let name = parameter.Split('=', 2)[0]
        select IsText(name) ? Encoding.UTF8.GetString(PercentEncoding.DecodeToBytes(name)) : Query;

    private static string? ErrorIn(string name, IList<string?> values, Dictionary<string, Type> known) =>
        name.Length == 0 ? "contains a parameter without a name."
        : !known.TryGetValue(name, out var type) ? $"is not a parameter of this operation. Its parameters are {string.Join(", ", known.Keys)}."
        : values.Count > 1 ? "may not appear more than once."
        : values is not [{ Length: > 0 } value] ? "must not be empty."
        : type == typeof(int?) && !SaturatingInteger.TryParse(Encoding.UTF8.GetBytes(value), out _) ? "must be an integer."
        : type == typeof(Guid?) && !CanonicalUuid.IsInAnyCase(value) ? "must be a UUID."
        : null;

    private static bool IsText(string encoded) =>
        !encoded.Contains('%', StringComparison.Ordinal) || (PercentEncoding.DecodeToBytes(encoded) is var bytes && Utf8.IsValid(bytes) && !bytes.Contains((byte)0));
}
