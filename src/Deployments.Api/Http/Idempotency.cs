using Deployments.Application.SoftwareDeployments;

namespace Deployments.Api.Http;

/// <summary>The headers of a request that may be sent again.</summary>
internal static class Idempotency
{
    public const string Key = "Idempotency-Key";
    public const string Replayed = "Idempotent-Replayed";

    /// <summary>What was created; where it was there already, the answer says so.</summary>
    public static T Tell<T>(this HttpResponse response, Created<T> created)
    {
        if (created.Replayed)
        {
            response.Headers[Replayed] = "true";
        }

        return created.Value;
    }
}
