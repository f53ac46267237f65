using System.Net;
using System.Text;
using System.Text.Json;
using Deployments.Client;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.Pages;

/// <summary>The project's configurations.</summary>
internal static class ConfigEndpoints
{
    private const int PageSize = 100;
    private const int UsesShown = 20;
    private const int UsesAtOnce = 5; // each has values of up to 2 MiB

    public static void MapConfigs(this IEndpointRouteBuilder console)
    {
        console.MapGet("configs", ListAsync);
        console.MapGet("configs/new", () => Page.Show<NewConfigPage>(new NewConfigPage.Content(string.Empty, string.Empty, NewConfigPage.Example, Problem: null)));
        console.MapPost("configs/new", CreateAsync);
        console.MapGet("configs/{id:guid}", ShowAsync);
        console.MapGet("configs/{id:guid}/config", ShowConfigAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IDeploymentsClient client, Guid? marker) =>
        Page.Show<ConfigsPage>(new ConfigsPage.Content(
            await client.ListSoftwareConfigsAsync(Visitor.Of(http).Project, PageSize, marker, http.RequestAborted), marker is not null));

    private static async Task<IResult> ShowAsync(HttpContext http, IDeploymentsClient client, Guid id)
    {
        var project = Visitor.Of(http).Project;
        var config = await client.GetSoftwareConfigAsync(project, id, cancellationToken: http.RequestAborted);
        var uses = new List<ConfigUse>();
        var hasMore = true;
        while (hasMore && uses.Count < UsesShown)
        {
            var page = await client.ListSoftwareDeploymentsAsync(
                project,
                configId: id.ToString(),
                limit: UsesAtOnce,
                marker: uses is [.., var last] ? last.Id : null,
                sortDir: SortDirection.Desc,
                cancellationToken: http.RequestAborted);
            uses.AddRange(page.SoftwareDeployments.Select(use => new ConfigUse(use.Id, use.ServerId, use.Status, use.CreationTime)));
            hasMore = page.SoftwareDeploymentsLinks is not null;
        }

        return Page.Show<ConfigPage>(new ConfigPage.Content(config.SoftwareConfig, uses, hasMore));
    }

    private static async Task<IResult> ShowConfigAsync(HttpContext http, IDeploymentsClient client, Guid id)
    {
        var found = await client.GetSoftwareConfigAsync(Visitor.Of(http).Project, id, cancellationToken: http.RequestAborted);
        return Results.Text(JsonValue.Text(found.SoftwareConfig.Config), "text/plain", Encoding.UTF8);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, IDeploymentsClient client)
    {
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var (name, group) = (form["name"].ToString(), form["group"].ToString());
        var script = form["config"].ToString().ReplaceLineEndings("\n"); // forms send other ones, which break a script
        try
        {
            var created = await client.CreateSoftwareConfigAsync(
                Visitor.Of(http).Project,
                new CreateSoftwareConfigBody { Name = name, Group = group.Length > 0 ? group : "script", Config = JsonSerializer.SerializeToElement(script) },
                http.RequestAborted);
            return Results.LocalRedirect(http.ConsolePath($"configs/{created.SoftwareConfig.Id}"));
        }
        catch (DeploymentsException exception) when (exception.StatusCode is StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge)
        {
            return Page.Show<NewConfigPage>(
                new NewConfigPage.Content(name, group, script, PageFilter.Explain(exception)), (HttpStatusCode)exception.StatusCode);
        }
    }
}

/// <summary>A deployment that refers to a configuration.</summary>
/// <param name="Id">The deployment.</param>
/// <param name="ServerId">Its server.</param>
/// <param name="Status">Its status.</param>
/// <param name="CreationTime">When it was created.</param>
public sealed record ConfigUse(Guid Id, string ServerId, DeploymentStatus Status, DateTimeOffset CreationTime);
