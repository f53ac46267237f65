using Deployments.Domain.SoftwareDeployments;
using Deployments.Api.Authentication.KeySources;
using Deployments.Application.Common;

namespace Deployments.Api.Mvc;

/// <summary>The caller as the use cases know it.</summary>
internal static class Callers
{
    /// <summary>Whoever sent this request, in a project whose path it has.</summary>
    public static Caller GetCaller(this HttpContext context, string projectId) =>
        new(projectId, Actors.FromSubject(context.User.FindFirst(TrustedIssuerConfiguration.SubjectClaim)?.Value ?? string.Empty), context.TraceIdentifier);
}
