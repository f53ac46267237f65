using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Mvc.Binding;

/// <summary>Parameters that MVC could not bind, reported like every other invalid one.</summary>
internal static class InvalidModelStateResponse
{
    public static IActionResult Create(ActionContext context) => throw new InvalidRequestException(context.ModelState
        .Where(field => field.Value!.Errors.Count > 0)
        .Select(field => (field.Key, $"{field.Key} is malformed.")));
}
