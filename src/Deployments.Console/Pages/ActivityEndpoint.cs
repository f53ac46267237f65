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
        HttpContext http, IDeploymentsClient client, string? after) =>
    {
        var isContinued = !string.IsNullOrEmpty(after);
        var changes = isContinued ? null : await client.FollowAsync(http);
        var page = await client.ListEventsAsync(
            Visitor.Of(http).Project, isContinued ? after : null, PageSize, order: FeedOrder.Desc, cancellationToken: http.RequestAborted);
        return Page.Show<ActivityPage>(new ActivityPage.Content(changes, page, isContinued));
    });
}
