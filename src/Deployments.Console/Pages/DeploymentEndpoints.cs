using System.Net;
using System.Text;
using System.Text.Json;
using Deployments.Client;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.Pages;

/// <summary>One deployment: what it is, what became of it, and what can be done with it.</summary>
internal static class DeploymentEndpoints
{
    // As many as a page of a reasonable size has; the rest is a click away.
    private const int HistorySize = 50;
    private const string OneDeployment = "deployments/{id:guid}";

    public static void MapDeployment(this IEndpointRouteBuilder console)
    {
        console.MapGet(OneDeployment, ShowAsync);
        console.MapGet(OneDeployment + "/{kind:regex(^(inputs|outputs)$)}", ShowValueAsync); // the name may have slashes, and be ".."
        foreach (var change in DeploymentChange.All)
        {
            console.MapGet($"{OneDeployment}/{change.Name}", (HttpContext http, IDeploymentsClient client, Guid id) => ConfirmAsync(http, client, id, change));
            console.MapPost($"{OneDeployment}/{change.Name}", (HttpContext http, IDeploymentsClient client, Guid id) => ApplyAsync(http, client, id, change));
        }
    }

    private static async Task<IResult> ShowAsync(HttpContext http, IDeploymentsClient client, Guid id, bool? values, int? from)
    {
        var project = Visitor.Of(http).Project;
        var changes = await client.FollowDeploymentAsync(http, id);
        var deployment = (await client.GetSoftwareDeploymentAsync(project, id, cancellationToken: http.RequestAborted)).SoftwareDeployment;
        var history = await client.ListSoftwareDeploymentEventsAsync(project, id, HistorySize, from, http.RequestAborted);
        var names = await ConfigNames.FindAsync(client, project, [deployment.ConfigId], http.RequestAborted);
        return Page.Show<DeploymentPage>(new DeploymentPage.Content(
            changes, deployment, names.Of(deployment.ConfigId), history.Events, history.Events.Count == HistorySize, values is true));
    }

    /// <summary>One input or output, or all, whole, as a text of its own.</summary>
    private static async Task<IResult> ShowValueAsync(HttpContext http, IDeploymentsClient client, Guid id, string kind, string? name)
    {
        var deployment = (await client.GetSoftwareDeploymentAsync(Visitor.Of(http).Project, id, cancellationToken: http.RequestAborted)).SoftwareDeployment;
        var values = kind == "inputs" ? deployment.InputValues : deployment.OutputValues;
        return name is null ? Results.Text(JsonValue.Text(JsonSerializer.SerializeToElement(values)), "text/plain", Encoding.UTF8)
            : values is not null && values.TryGetValue(name, out var value) ? Results.Text(JsonValue.Text(value), "text/plain", Encoding.UTF8)
            : Page.Error(HttpStatusCode.NotFound, "The deployment has no such value.");
    }

    private static async Task<IResult> ConfirmAsync(HttpContext http, IDeploymentsClient client, Guid id, DeploymentChange change)
    {
        var found = await client.GetSoftwareDeploymentAsync(Visitor.Of(http).Project, id, cancellationToken: http.RequestAborted);
        return Page.Show<ConfirmPage>(new ConfirmPage.Content(found.SoftwareDeployment, found.EntityTag!, change, Problem: null));
    }

    private static async Task<IResult> ApplyAsync(HttpContext http, IDeploymentsClient client, Guid id, DeploymentChange change)
    {
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var project = Visitor.Of(http).Project;
        try
        {
            await change.ApplyAsync(client, project, id, form, Visitor.Of(http).Name, http.RequestAborted);
        }
        catch (DeploymentsException exception) when (exception.StatusCode is StatusCodes.Status400BadRequest or StatusCodes.Status412PreconditionFailed)
        {
            var found = await client.GetSoftwareDeploymentAsync(project, id, cancellationToken: http.RequestAborted);
            var problem = exception.StatusCode == StatusCodes.Status400BadRequest
                ? PageFilter.Explain(exception)
                : "The deployment has changed since this page was shown. This is how it is now.";
            return Page.Show<ConfirmPage>(new ConfirmPage.Content(found.SoftwareDeployment, found.EntityTag!, change, problem), (HttpStatusCode)exception.StatusCode);
        }

        return Results.LocalRedirect(http.ConsolePath(change.Deletes ? "servers" : $"deployments/{id}"));
    }
}
