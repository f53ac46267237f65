using Deployments.Api.Authentication.KeySources;
using Deployments.Application.Common;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Api.Mvc;

/// <summary>Creates the <see cref="Caller"/> that use cases take.</summary>
internal static class Callers
{
    /// <summary>The sender of this request, acting in the project of its path.</summary>
    public static Caller GetCaller(this HttpContext context, string projectId) =>
        new(projectId, Actors.FromSubject(context.User.FindFirst(TrustedIssuerConfiguration.SubjectClaim)?.Value ?? string.Empty), context.TraceIdentifier);
}
