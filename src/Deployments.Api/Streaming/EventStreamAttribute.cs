using Deployments.Api.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ActionConstraints;

namespace Deployments.Api.Streaming;

/// <summary>An action that responds with server-sent events: it is chosen where the request prefers them to JSON.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EventStreamAttribute : Attribute, IActionConstraint
{
    public int Order => 0;

    public bool Accept(ActionConstraintContext context)
    {
        var accept = context.RouteContext.HttpContext.Request.Headers.Accept;
        return AcceptHeaderFilter.QualityOf(EventStream.MediaType, accept) > AcceptHeaderFilter.QualityOf(AcceptHeaderFilter.Json, accept);
    }
}
