using Deployments.Api.Json;
using Deployments.Api.Middleware;

namespace Deployments.Api.Options;

/// <summary>The settings under <c>Deployments</c> that are about HTTP.</summary>
internal sealed class ServiceOptions
{
    public const string Section = "Deployments";

    private const int MostBytes = 1024 * 1024 * 1024;
    private const int MostSeconds = 3600;

    /// <summary>How large a body may be.</summary>
    public int MaxBodyBytes { get; init; } = 1024 * 1024;

    /// <summary>How large the body of a batch may be.</summary>
    public int MaxBatchBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How times are written.</summary>
    public TimeFormat TimeFormat { get; init; } = TimeFormat.Utc;

    /// <summary>Which configurations a deployment may name.</summary>
    public ConfigReferenceRule ConfigReferences { get; init; } = ConfigReferenceRule.Any;

    /// <summary>Whether a server's metadata has what other projects share with its project.</summary>
    public bool SharedMetadata { get; init; }

    /// <summary>The proxies, as addresses or networks (<c>10.0.0.0/8</c>), whose <c>X-Forwarded-*</c> headers are believed.</summary>
    public IReadOnlyList<string> Proxies { get; init; } = [];

    /// <summary>The origins (<c>https://console.example.org</c>) whose pages may call the service from a browser.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>How long a request may take until its answer begins.</summary>
    public int RequestTimeoutSeconds { get; init; } = 60;

    /// <summary>How many requests a project may send; null: any number.</summary>
    public RateLimitOptions? RateLimit { get; init; }

    /// <exception cref="InvalidConfigurationException">A number is none that could be meant.</exception>
    public static ServiceOptions From(IConfiguration configuration)
    {
        var options = configuration.GetSection(Section).Get<ServiceOptions>() ?? new ServiceOptions();
        foreach (var (name, bytes) in new[] { (nameof(MaxBodyBytes), options.MaxBodyBytes), (nameof(MaxBatchBytes), options.MaxBatchBytes) })
        {
            if (bytes is < 1 or > MostBytes)
            {
                throw new InvalidConfigurationException($"{Section}:{name} must be from 1 to {MostBytes}.");
            }
        }

        foreach (var list in new[] { nameof(Proxies), nameof(CorsOrigins) })
        {
            if (!string.IsNullOrEmpty(configuration[$"{Section}:{list}"]))
            {
                throw new InvalidConfigurationException($"{Section}:{list} is a list: {Section}:{list}:0 is its first entry.");
            }
        }

        if (options.CorsOrigins.FirstOrDefault(origin => !Cors.IsOrigin(origin)) is { } other)
        {
            throw new InvalidConfigurationException(
                $"{Section}:CorsOrigins: {other} is no origin as browsers send it, such as https://console.example.org, without a path or a slash at its end.");
        }

        if (options.RequestTimeoutSeconds is < 1 or > MostSeconds)
        {
            throw new InvalidConfigurationException($"{Section}:{nameof(RequestTimeoutSeconds)} must be from 1 to {MostSeconds}.");
        }

        if (options.RateLimit is { PerSecond: not (>= RateLimitOptions.Least and <= RateLimitOptions.Most) })
        {
            throw new InvalidConfigurationException($"{Section}:RateLimit:PerSecond must be from {RateLimitOptions.Least} to {RateLimitOptions.Most}.");
        }

        if (options.RateLimit is { Burst: < 1 })
        {
            throw new InvalidConfigurationException($"{Section}:RateLimit:Burst must be at least 1.");
        }

        if (options.RateLimit is { } rate && rate.Bucket < rate.PerSecond / RateLimitOptions.RefillsPerSecond)
        {
            throw new InvalidConfigurationException(
                $"{Section}:RateLimit:Burst must be at least PerSecond / {RateLimitOptions.RefillsPerSecond}: a bucket is filled that often a second, and a smaller one cannot hold the rate.");
        }

        return options;
    }
}

/// <summary>How many requests a project may send.</summary>
internal sealed class RateLimitOptions
{
    public const double Least = 0.001;
    public const double Most = 1_000_000;

    /// <summary>How often ASP.NET Core fills the buckets, each never above what it holds.</summary>
    public const int RefillsPerSecond = 10;

    /// <summary>How many a second in the long run; a fraction is allowed.</summary>
    public double PerSecond { get; init; }

    /// <summary>How many at once after a rest; as many as in a second, if left out.</summary>
    public int? Burst { get; init; }

    /// <summary>How many the bucket holds.</summary>
    public int Bucket => Burst ?? (int)Math.Ceiling(PerSecond);
}

/// <summary>Which configurations a deployment may name.</summary>
internal enum ConfigReferenceRule
{
    /// <summary>Any.</summary>
    Any,

    /// <summary>Only one that is held here, in the deployment's own project.</summary>
    Known,
}
