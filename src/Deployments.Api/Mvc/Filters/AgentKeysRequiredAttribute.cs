using Deployments.Api.Authentication.SignedAddress;
using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Deployments.Api.Mvc.Filters;

/// <summary>Operations that exist only where a key of agents' addresses is configured.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AgentKeysRequiredAttribute : Attribute, IResourceFilter
{
    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        if (context.HttpContext.RequestServices.GetRequiredService<AgentKeys>().IsEmpty)
        {
            throw new NotFoundException("This service has no agents: no key of their addresses is configured (Deployments:AgentKeys:0).");
        }
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
        // Nothing to do.
    }
}
