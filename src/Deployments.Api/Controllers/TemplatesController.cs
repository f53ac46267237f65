using Deployments.Api.Authorization;
using Deployments.Api.Contracts;
using Deployments.Api.Mvc;
using Deployments.Application.Templates;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Controllers;

/// <summary>Orchestration templates of software configurations.</summary>
[ApiController]
[Route(Routes.Project + "/validate")]
public sealed class TemplatesController(IMediator mediator) : ControllerBase
{
    /// <summary>Validate a template.</summary>
    /// <remarks>
    /// Checks each resource of the type <c>OS::Heat::SoftwareConfig</c> by the rules of its creation, and stores nothing. Any
    /// other type of resource is refused. OpenStack's command line sends this before it creates a software configuration.
    /// </remarks>
    /// <param name="projectId">The project that asks: the token's own, or with the role admin any.</param>
    /// <param name="body">The template.</param>
    /// <param name="json">How JSON is read.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <response code="200">The template is valid.</response>
    [HttpPost(Name = "validateTemplate")]
    [Authorize(ProjectAuthorizationHandler.Write)]
    [ProducesResponseType<TemplateDto>(StatusCodes.Status200OK)]
    public async Task<ActionResult<TemplateDto>> Validate(
        [FromRoute(Name = Routes.ProjectId)] string projectId,
        ValidateTemplateBody body,
        [FromServices] IOptions<JsonOptions> json,
        CancellationToken cancellationToken) =>
        await mediator.Send(body.ToQuery(json.Value.JsonSerializerOptions), cancellationToken);
}
