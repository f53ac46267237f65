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
    private const int UsesShown = 50;

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
        var config = client.GetSoftwareConfigAsync(project, id, cancellationToken: http.RequestAborted);
        var uses = client.ListSoftwareDeploymentsAsync(
            project, configId: id.ToString(), limit: UsesShown, sortDir: SortDirection.Desc, cancellationToken: http.RequestAborted);
        await Task.WhenAll(config, uses);
        return Page.Show<ConfigPage>(new ConfigPage.Content(
            (await config).SoftwareConfig, (await uses).SoftwareDeployments, (await uses).SoftwareDeploymentsLinks is not null));
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
