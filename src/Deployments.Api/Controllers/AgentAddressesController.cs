using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Contracts;
using Deployments.Api.Errors;
using Deployments.Api.Hosting;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Filters;
using Deployments.Application.Agents;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Deployments.Api.Controllers;

/// <summary>The addresses of agents, which need no token. They are not in the OpenAPI document: callers get them from responses.</summary>
[ApiController]
[ApiExplorerSettings(IgnoreApi = true)]
[SecretPath]
public sealed class AgentAddressesController(IMediator mediator) : ControllerBase
{
    // An agent retries ten times: make them last.
    private const int RetryAfterSeconds = 30;

    /// <summary>Read what to apply.</summary>
    [HttpGet(AgentRoutes.Document, Name = "getAgentDocument")]
    [Authorize(SignedAddressScheme.ReadDocument)]
    [HeldRequest]
    public async Task<ActionResult<AgentDocumentEnvelope>> Get(
        [FromRoute(Name = AgentRoutes.Project)] string projectId,
        [FromRoute(Name = AgentRoutes.AgentId)] Guid agentId,
        [FromQuery] int? wait,
        [FromHeader(Name = EntityTags.IfNoneMatch)] string? ifNoneMatch,
        CancellationToken cancellationToken)
    {
        var document = await mediator.Send(
            new GetAgentDocumentQuery(projectId, agentId, HttpContext.GetAgentAddresses(), wait, EntityTags.ReadKnownDocuments(ifNoneMatch, wait is not null)),
            cancellationToken);
        Response.Headers.ETag = EntityTags.Format(document);
        return document.Items is { } items
            ? new AgentDocumentEnvelope
            {
                Deployments = items,
                OsCollectConfig = new CollectorSettings { Request = new RequestCollectorSettings { MetadataUrl = document.MetadataUrl } },
            }
            : StatusCode(StatusCodes.Status304NotModified);
    }

    /// <summary>Check that the address is good, as os-collect-config does before it reads.</summary>
    [HttpHead(AgentRoutes.Document, Name = "checkAgentDocument")]
    [Authorize(SignedAddressScheme.ReadDocument)]
    public async Task<EmptyResult> Check(
        [FromRoute(Name = AgentRoutes.Project)] string projectId,
        [FromRoute(Name = AgentRoutes.AgentId)] Guid agentId,
        CancellationToken cancellationToken)
    {
        await mediator.Send(new FindAgentQuery(projectId, agentId), cancellationToken);
        Response.ContentType = "application/json; charset=utf-8";
        return new EmptyResult();
    }

    /// <summary>Report the outcome of a run.</summary>
    [HttpPutOrPost(AgentRoutes.Signal, Name = "signalDeployment")]
    [Authorize(SignedAddressScheme.SendSignal)]
    [RetryAfter(RetryAfterSeconds)]
    public async Task<NoContentResult> Signal(
        [FromRoute(Name = AgentRoutes.Project)] string projectId,
        [FromRoute(Name = AgentRoutes.AgentId)] Guid agentId,
        [FromRoute(Name = AgentRoutes.DeploymentId)] Guid deploymentId,
        [FromRoute(Name = AgentRoutes.Run)] Guid run,
        SignalBody body,
        CancellationToken cancellationToken)
    {
        await mediator.Send(
            new SignalDeploymentCommand(
                projectId, agentId, deploymentId, run, body.Bytes, HttpContext.GetAgentAddresses(), HttpContext.TraceIdentifier),
            cancellationToken);
        return NoContent();
    }
}
