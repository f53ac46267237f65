using System.Net;
using Deployments.Client;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.Pages;

/// <summary>One server: what is deployed to it, and its agent.</summary>
internal static class ServerEndpoints
{
    private const int PageSize = 100;
    private const int EventsRead = 1_000;

    // The id is in the query: it may have slashes, and be "..".
    private const string Server = "server";
    private const string Agent = "server/agent";
    private const string RevokeAgent = "server/revoke-agent";

    public static void MapServer(this IEndpointRouteBuilder console)
    {
        console.MapGet(Server, ShowAsync);
        console.MapPost(Agent, CreateAgentAsync);
        console.MapGet(RevokeAgent, (string id) => Page.Show<RevokeAgentPage>(id));
        console.MapPost(RevokeAgent, RevokeAgentAsync);
    }

    private static async Task<IResult> ShowAsync(HttpContext http, IDeploymentsClient client, TimeProvider clock, string id, Guid? marker, bool? past)
    {
        var project = Visitor.Of(http).Project;
        var changes = await client.FollowServerAsync(http, id);

        // The first server whose name begins so is this one, if it is known. Any page but the first is without totals, which would cost
        // more than all the rest here.
        var servers = client.ListServersAsync(project, limit: 1, marker: Before(id), serverIdPrefix: id, cancellationToken: http.RequestAborted);
        var deployments = client.ListSoftwareDeploymentsAsync(
            project, serverId: id, limit: PageSize, marker: marker, sortDir: SortDirection.Desc, cancellationToken: http.RequestAborted);
        var events = client.ListEventsAsync(project, limit: EventsRead, order: FeedOrder.Desc, serverId: id, cancellationToken: http.RequestAborted);
        await Task.WhenAll(servers, deployments, events);

        var listed = (await deployments).SoftwareDeployments;
        var names = await ConfigNames.FindAsync(client, project, listed.Select(deployment => deployment.ConfigId), http.RequestAborted);
        var rows = ServerState.Read(listed, (await events).Events, names);
        var server = (await servers).Servers.FirstOrDefault(server => server.ServerId == id);
        return Page.Show<ServerPage>(new ServerPage.Content(
            changes,
            id,
            server?.Agent,
            marker is null ? rows : [.. rows.Select(row => row with { IsPast = true })],
            (await deployments).SoftwareDeploymentsLinks is null ? null : listed[^1].Id,
            marker is not null,
            past is true || marker is not null,
            clock.GetUtcNow()));
    }

    private static async Task<IResult> CreateAgentAsync(HttpContext http, IDeploymentsClient client, ServiceClients clients)
    {
        var id = (await http.Request.ReadFormAsync(http.RequestAborted))["id"].ToString();
        var agent = (await client.CreateAgentAsync(Visitor.Of(http).Project, new CreateAgentBody { ServerId = id }, http.RequestAborted)).Agent;
        return Page.Show<AgentPage>(new AgentPage.Content(id, ForVisitor(http, clients.Address, agent.MetadataUrl)));
    }

    private static async Task<IResult> RevokeAgentAsync(HttpContext http, IDeploymentsClient client)
    {
        var id = (await http.Request.ReadFormAsync(http.RequestAborted))["id"].ToString();
        try
        {
            await client.RevokeAgentAsync(Visitor.Of(http).Project, id, http.RequestAborted);
        }
        catch (DeploymentsException exception) when (exception.StatusCode == (int)HttpStatusCode.NotFound)
        {
            // Somebody else was faster: it is gone, as was asked.
        }

        return Results.LocalRedirect(http.ConsolePath($"{Server}{QueryString.Create("id", id)}"));
    }

    /// <summary>A text that is sorted before this one.</summary>
    private static string? Before(string id) => id switch
    {
        [.., var high, _] when char.IsHighSurrogate(high) => id.Length > 2 ? id[..^2] : null,
        { Length: > 1 } => id[..^1],
        _ => null,
    };

    // Without a public address the API derives the agent's from the request, and that was the console's own.
    private static string ForVisitor(HttpContext http, Uri service, string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var made) && made.Authority == service.Authority && made.Scheme == service.Scheme
            ? $"{http.Request.Scheme}://{http.Request.Host.ToUriComponent()}{http.Request.PathBase.ToUriComponent()}{made.PathAndQuery}"
            : address;
}
