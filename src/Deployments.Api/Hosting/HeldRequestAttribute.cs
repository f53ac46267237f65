using Microsoft.AspNetCore.Mvc.Filters;

namespace Deployments.Api.Hosting;

/// <summary>An operation that may be held (<c>wait</c>): then it is not ended by the request timeout.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class HeldRequestAttribute : Attribute, IResourceFilter
{
    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        if (context.HttpContext.Request.Query.ContainsKey("wait"))
        {
            RequestTimeouts.Disable(context.HttpContext);
        }
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
        // Nothing to do.
    }
}
