using Deployments.Client;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.Pages;

/// <summary>What happened in the project, newest first.</summary>
internal static class ActivityEndpoint
{
    public const int PageSize = 100;

    public static void MapActivity(this IEndpointRouteBuilder console) => console.MapGet("activity", async (
        HttpContext http,
        IDeploymentsClient client,
        string? after,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = "server_id")] string? serverId) =>
    {
        var isContinued = !string.IsNullOrEmpty(after);
        var server = string.IsNullOrEmpty(serverId) ? null : serverId;
        var changes = isContinued ? null : server is null ? await client.FollowAsync(http) : await client.FollowServerAsync(http, server);
        var page = await client.ListEventsAsync(
            Visitor.Of(http).Project, isContinued ? after : null, PageSize, order: FeedOrder.Desc, serverId: server, cancellationToken: http.RequestAborted);
        return Page.Show<ActivityPage>(new ActivityPage.Content(changes, page, server, isContinued));
    });
}
