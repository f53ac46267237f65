using System.Text;
using System.Text.Unicode;
using Deployments.Api.Mvc.Binding;
using Deployments.Application.Common.Errors;
using Deployments.Domain.Common;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Deployments.Api.Mvc.Filters;

/// <summary>
/// Refuses an address that is no text (UTF-8 without NUL), and, where an operation takes query parameters, any that is unknown,
/// empty, repeated or of another form: a filter that is silently left out shows a caller what they did not ask for.
/// </summary>
internal sealed class QueryParameterFilter : IResourceFilter
{
    private const string Query = "query"; // the field where a parameter has no name that can be told

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

        Refuse(GarbledIn(request.QueryString.Value), _ => "must be percent-encoded UTF-8 without NUL.");
        Refuse(request.Query.Keys, name => FaultOf(name, request.Query[name], known));
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
        // Nothing is left to refuse.
    }

    private static void Refuse(IEnumerable<string> names, Func<string, string?> faultOf)
    {
        var faults = (
            from name in names
            let fault = faultOf(name)
            where fault is not null
            let field = name.Length == 0 ? Query : name.Truncate()
            select (field, $"{field} {fault}"))
            .Take(InvalidRequestException.MaxErrors)
            .ToList();
        if (faults.Count > 0)
        {
            throw new InvalidRequestException(faults);
        }
    }

    /// <summary>The parameters that are no text; <see cref="Query"/> stands for one whose name is none.</summary>
    private static IEnumerable<string> GarbledIn(string? query) =>
        from parameter in (query ?? string.Empty).TrimStart('?').Split('&')
        where !IsText(parameter)
        let name = parameter.Split('=', 2)[0]
        select IsText(name) ? Encoding.UTF8.GetString(PercentEncoding.DecodeToBytes(name)) : Query;

    private static string? FaultOf(string name, IList<string?> values, Dictionary<string, Type> known) =>
        name.Length == 0 ? "holds a parameter without a name."
        : !known.TryGetValue(name, out var type) ? $"is not known here. Known are {string.Join(", ", known.Keys)}."
        : values.Count > 1 ? "stands more than once."
        : values is not [{ Length: > 0 } value] ? "must not be empty."
        : type == typeof(int?) && !value.TrimStart('-').All(char.IsAsciiDigit) ? "must be an integer."
        : type == typeof(Guid?) && !CanonicalUuid.IsInAnyCase(value) ? "must be a UUID."
        : null;

    private static bool IsText(string encoded) =>
        !encoded.Contains('%', StringComparison.Ordinal) || (PercentEncoding.DecodeToBytes(encoded) is var bytes && Utf8.IsValid(bytes) && !bytes.Contains((byte)0));
}
