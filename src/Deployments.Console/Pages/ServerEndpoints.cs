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

    private static async Task<IResult> ShowAsync(HttpContext http, IDeploymentsClient client, TimeProvider clock, string id, bool? past)
    {
        var project = Visitor.Of(http).Project;
        var changes = await client.FollowServerAsync(http, id);

        // The first server whose name begins so is this one, if it is known. Any page but the first is without totals, which would cost
        // more than all the rest here.
        var servers = client.ListServersAsync(project, limit: 1, marker: Before(id), serverIdPrefix: id, cancellationToken: http.RequestAborted);

        // Events, not deployments: these have values of up to 2 MiB each.
        var events = client.ListEventsAsync(project, limit: EventsRead, order: FeedOrder.Desc, serverId: id, cancellationToken: http.RequestAborted);
        await Task.WhenAll(servers, events);

        var newest = (await events).Events;
        var names = await ConfigNames.FindAsync(client, project, newest.Select(entry => entry.ConfigId), http.RequestAborted);
        var server = (await servers).Servers.FirstOrDefault(server => server.ServerId == id);
        return Page.Show<ServerPage>(new ServerPage.Content(
            changes, id, server?.Agent, ServerState.Read(newest, names), newest.Count == EventsRead, past is true, clock.GetUtcNow()));
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
