using System.Globalization;
using System.Threading.RateLimiting;
using Deployments.Api.Errors;
using Deployments.Api.Mvc;
using Deployments.Api.Options;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Hosting;

/// <summary>
/// A token bucket for each project and one for each agent, if a rate is configured. Only authorized requests count, so that the rate of a
/// project or an agent cannot be used up without access to it.
/// </summary>
internal static class RateLimit
{
    private static readonly RateLimitPartition<string> Unlimited = RateLimitPartition.GetNoLimiter(string.Empty);

    public static void AddRateLimit(this IServiceCollection services)
    {
        services.AddRateLimiter();
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<ServiceOptions>>((limiter, settings) =>
        {
            var (ofProject, ofAgent) = (BucketOf(settings.Value.RateLimit), BucketOf(settings.Value.AgentRateLimit));
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
                ofProject is not null && context.GetRouteValue(Routes.ProjectId) is string project
                    ? RateLimitPartition.GetTokenBucketLimiter($"project {project}", _ => ofProject)
                : ofAgent is not null && context.GetRouteValue(AgentRoutes.AgentId) is string agent
                    ? RateLimitPartition.GetTokenBucketLimiter($"agent {agent}", _ => ofAgent)
                : Unlimited);
            limiter.OnRejected = (rejected, _) => new ValueTask(RefuseAsync(rejected.HttpContext, rejected.Lease));
        });
    }

    /// <summary>Must be called after authorization.</summary>
    public static void UseRateLimit(this IApplicationBuilder app, ServiceOptions settings)
    {
        if (settings.RateLimit is not null || settings.AgentRateLimit is not null)
        {
            app.UseRateLimiter();
        }
    }

    // One token at a time, so that a bucket's Retry-After is the time until its next token.
    private static TokenBucketRateLimiterOptions? BucketOf(RateLimitOptions? rate) => rate is null ? null : new()
    {
        TokenLimit = rate.Bucket,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1 / rate.PerSecond),
        AutoReplenishment = false,
    };

    private static Task RefuseAsync(HttpContext context, RateLimitLease lease)
    {
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter) ? retryAfter : TimeSpan.Zero;
        context.Response.Headers.RetryAfter = Math.Max(RetryAfterAttribute.MinSeconds(context), Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(context, StatusCodes.Status429TooManyRequests);
    }
}
