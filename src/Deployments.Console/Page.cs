using System.Net;
using Deployments.WebConsole.Pages;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Deployments.WebConsole;

/// <summary>Responses that are pages.</summary>
internal static class Page
{
    /// <param name="model">What the page shows; the component has a parameter of this name.</param>
    /// <param name="status">The status code.</param>
    public static IResult Show<TPage>(object model, HttpStatusCode status = HttpStatusCode.OK)
        where TPage : IComponent =>
        new RazorComponentResult<TPage>(new Dictionary<string, object?> { ["Model"] = model }) { StatusCode = (int)status };

    public static IResult Error(HttpStatusCode status, string reason) => Show<ErrorPage>(new ErrorPage.Content(status, reason), status);
}
