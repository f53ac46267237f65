using System.Globalization;
using System.Threading.RateLimiting;
using Deployments.Api.Errors;
using Deployments.Api.Mvc;
using Deployments.Api.Options;

namespace Deployments.Api.Hosting;

/// <summary>
/// A token bucket for each project that has sent something of late, where a rate is set. Only requests that are allowed in their project
/// count: nobody can use up a project's rate who may not act in it.
/// </summary>
internal static class RateLimit
{
    private static readonly RateLimitPartition<string> Unlimited = RateLimitPartition.GetNoLimiter(string.Empty);

    public static void AddRateLimit(this IServiceCollection services, RateLimitOptions? rate)
    {
        if (rate is null)
        {
            return;
        }

        // One token at a time, so that the wait that a bucket tells is the wait for the next one.
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokenLimit = rate.Bucket,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1 / rate.PerSecond),
            AutoReplenishment = false,
        };
        services.AddRateLimiter(limiter =>
        {
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
                context.GetRouteValue(Routes.ProjectId) is string project
                    ? RateLimitPartition.GetTokenBucketLimiter(project, _ => bucket)
                    : Unlimited);
            limiter.OnRejected = (rejected, _) => new ValueTask(RefuseAsync(rejected.HttpContext, rejected.Lease));
        });
    }

    /// <summary>Goes after authorization.</summary>
    public static void UseRateLimit(this IApplicationBuilder app, RateLimitOptions? rate)
    {
        if (rate is not null)
        {
            app.UseRateLimiter();
        }
    }

    private static Task RefuseAsync(HttpContext context, RateLimitLease lease)
    {
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var told) ? told : TimeSpan.Zero;
        context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(context, StatusCodes.Status429TooManyRequests);
    }
}
