using Deployments.Client;
using Deployments.WebConsole.Components;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.Pages;

/// <summary>The servers of the project, each with how its deployments went.</summary>
internal static class ServersEndpoint
{
    private const int PageSize = 100;

    public static void MapServers(this IEndpointRouteBuilder console) => console.MapGet("servers", async (
        HttpContext http, IDeploymentsClient client, TimeProvider clock, string? status, string? prefix, string? marker) =>
    {
        var changes = await client.FollowAsync(http);
        var wanted = StatusNames.Parse(status);
        var page = await client.ListServersAsync(
            Visitor.Of(http).Project,
            limit: PageSize,
            marker: string.IsNullOrEmpty(marker) ? null : marker,
            serverIdPrefix: string.IsNullOrEmpty(prefix) ? null : prefix,
            status: wanted,
            cancellationToken: http.RequestAborted);
        return Page.Show<ServersPage>(new ServersPage.Content(changes, page, wanted, prefix ?? string.Empty, !string.IsNullOrEmpty(marker), clock.GetUtcNow()));
    });
}
