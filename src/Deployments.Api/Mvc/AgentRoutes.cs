using Microsoft.AspNetCore.Mvc.Routing;

namespace Deployments.Api.Mvc;

/// <summary>
/// The routes of agents' addresses. They have no constraints: an address that is malformed is one that does not verify. Their project is
/// not <see cref="Routes.ProjectId"/>, by which requests with tokens are logged and limited.
/// </summary>
internal static class AgentRoutes
{
    public const string Project = "project";
    public const string AgentId = "agent_id";
    public const string DeploymentId = "deployment_id";
    public const string Run = "run_id";
    public const string Mac = "mac";

    public const string Document = $"/agents/{{{Project}}}/{{{AgentId}}}/{{{Mac}}}";
    public const string Signal = $"/signals/{{{Project}}}/{{{AgentId}}}/{{{DeploymentId}}}/{{{Run}}}/{{{Mac}}}";

    /// <summary>Responds to other methods with 405, and to whatever else begins like an address with 404, both without a token.</summary>
    public static void MapOtherAgentPaths(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOtherMethods(Document, HttpMethods.Get, HttpMethods.Head).AllowAnonymous().WithMetadata(new SecretPathAttribute());
        endpoints.MapOtherMethods(Signal, HttpMethods.Put, HttpMethods.Post).AllowAnonymous().WithMetadata(new SecretPathAttribute());
        foreach (var pattern in (string[])["/agents/{**rest}", "/signals/{**rest}"])
        {
            endpoints.Map(pattern, static context =>
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }).AllowAnonymous().WithMetadata(new SecretPathAttribute());
        }
    }
}

/// <summary>An endpoint whose path is a secret: it is not logged, traced or cached.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class SecretPathAttribute : Attribute;

/// <summary>PUT and POST.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class HttpPutOrPostAttribute(string template) : HttpMethodAttribute([Microsoft.AspNetCore.Http.HttpMethods.Put, Microsoft.AspNetCore.Http.HttpMethods.Post], template);
