using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;

namespace Deployments.Api.Mvc.Binding;

/// <summary>Parameters that MVC could not bind, told in the contract's words.</summary>
internal static class InvalidModelStateResponse
{
    public static IActionResult Create(ActionContext context) => throw new InvalidRequestException(context.ModelState
        .Where(field => field.Value!.Errors.Count > 0)
        .Select(field => (field.Key, $"{field.Key} must be {KindOf(context.ActionDescriptor, field.Key)}.")));

    private static string KindOf(ActionDescriptor action, string field)
    {
        var type = action.Parameters.FirstOrDefault(parameter => (parameter.BindingInfo?.BinderModelName ?? parameter.Name) == field)?.ParameterType;
        return type == typeof(int?) ? "an integer"
            : type == typeof(Guid?) ? "a UUID"
            : "of another form";
    }
}
