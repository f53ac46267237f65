using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Deployments.Api.Mvc.Filters;

/// <summary>The headers of idempotent requests.</summary>
internal static class Idempotency
{
    public const string Key = "Idempotency-Key";
    public const string Replayed = "Idempotent-Replayed";

    /// <summary>The created value; if an earlier request created it, a response header says so.</summary>
    public static T WithReplayHeader<T>(this HttpResponse response, CreateResult<T> created)
    {
        if (created.Replayed)
        {
            response.Headers[Replayed] = "true";
        }

        return created.Value;
    }

    /// <summary>Refuses a second key: ASP.NET Core would join the two.</summary>
    internal sealed class SingleIdempotencyKeyFilter : IResourceFilter
    {
        public void OnResourceExecuting(ResourceExecutingContext context)
        {
            if (context.HttpContext.Request.Headers[Key].Count > 1)
            {
                throw new InvalidRequestException(Key, $"{Key} may not appear more than once.");
            }
        }

        public void OnResourceExecuted(ResourceExecutedContext context)
        {
            // Nothing to do.
        }
    }
}
