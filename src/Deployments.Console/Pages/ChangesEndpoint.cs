using System.Net;
using Deployments.Client;
using Deployments.WebConsole.Components;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.Pages;

/// <summary>
/// The change feed for the console's script, which has no token: held until there is a change, or the time is up. The script then reads its
/// page again, so that the changes themselves are not sent.
/// </summary>
internal static class ChangesEndpoint
{
    // Shorter than proxies wait.
    private const int WaitSeconds = 25;

    private const string Now = "now";
    private const string ServerId = "server_id";
    private const string DeploymentId = "deployment_id";

    public static void MapChanges(this IEndpointRouteBuilder console) => console.MapGet("changes", async (
        HttpContext http,
        IDeploymentsClient client,
        string after,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = ServerId)] string? serverId,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = DeploymentId)] Guid? deploymentId) =>
    {
        try
        {
            var page = await client.ListEventsAsync(
                Visitor.Of(http).Project, after, limit: 1_000, WaitSeconds, serverId: serverId, deploymentId: deploymentId, cancellationToken: http.RequestAborted);
            return Results.Json(new { changes = page.Events.Count, next = page.Next });
        }
        catch (DeploymentsException exception) when (exception.StatusCode != StatusCodes.Status401Unauthorized)
        {
            return Results.StatusCode(exception.StatusCode);
        }
        catch (HttpRequestException)
        {
            return Results.StatusCode((int)HttpStatusCode.ServiceUnavailable);
        }
    }).WithMetadata(new ForScripts()).DisableRequestTimeout(); // the feed ends the wait

    /// <summary>All changes of the project from now on.</summary>
    public static Task<PageChanges> FollowAsync(this IDeploymentsClient client, HttpContext http) => FollowAsync(client, http, QueryString.Empty);

    /// <summary>The changes of one server from now on.</summary>
    public static Task<PageChanges> FollowServerAsync(this IDeploymentsClient client, HttpContext http, string serverId) =>
        FollowAsync(client, http, QueryString.Create(ServerId, serverId));

    /// <summary>The changes of one deployment from now on.</summary>
    public static Task<PageChanges> FollowDeploymentAsync(this IDeploymentsClient client, HttpContext http, Guid id) =>
        FollowAsync(client, http, QueryString.Create(DeploymentId, id.ToString()));

    private static async Task<PageChanges> FollowAsync(IDeploymentsClient client, HttpContext http, QueryString query) =>
        new(query, (await client.ListEventsAsync(Visitor.Of(http).Project, Now, cancellationToken: http.RequestAborted)).Next);
}
