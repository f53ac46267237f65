using Deployments.Api.Contracts;
using Deployments.Api.Json;
using Deployments.Infrastructure.Postgres;

namespace Deployments.Api.Options;

/// <summary>The settings under <c>Deployments</c> that concern HTTP.</summary>
internal sealed class ServiceOptions
{
    public const string Section = MigrationOptions.Section;

    /// <summary>The largest body that is accepted.</summary>
    public int MaxBodyBytes { get; init; } = 1024 * 1024;

    /// <summary>The largest body of a batch that is accepted.</summary>
    public int MaxBatchBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How times are written.</summary>
    public TimeFormat TimeFormat { get; init; } = TimeFormat.Utc;

    /// <summary>Which configurations a deployment may refer to.</summary>
    public ConfigReferenceRule ConfigReferences { get; init; } = ConfigReferenceRule.Any;

    /// <summary>Whether a server's metadata includes configurations of other projects' shared deployments.</summary>
    public bool SharedMetadata { get; init; }

    /// <summary>The proxies, as addresses or networks (<c>10.0.0.0/8</c>), whose <c>X-Forwarded-*</c> headers are trusted.</summary>
    public IReadOnlyList<string> Proxies { get; init; } = [];

    /// <summary>The origins (<c>https://console.example.org</c>) whose pages may call the service from a browser.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>How long a request may take until its response starts.</summary>
    public int RequestTimeoutSeconds { get; init; } = 60;

    /// <summary>How many requests an instance holds at most until something changes; a project may use half of them.</summary>
    public int MaxWaiting { get; init; } = 10_000;

    /// <summary>How many days the change feed keeps the events of a deleted deployment.</summary>
    public int KeepDeletedDays { get; init; } = 7;

    /// <summary>After how many days without a change a deployment that is not in progress is deleted; null: never.</summary>
    public int? RetainDays { get; init; }

    /// <summary>How many of the newest deployments of each server and configuration name are kept, however old.</summary>
    public int RetainPerServer { get; init; } = 1;

    /// <summary>After how many days a configuration that no deployment refers to is deleted; null: never.</summary>
    public int? RetainUnusedConfigDays { get; init; }

    /// <summary>How many requests a project may send; null: any number.</summary>
    public RateLimitOptions? RateLimit { get; init; }

    /// <summary>The address of the service for its callers (<c>https://deployments.example.org</c>); null: that of each request.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>The keys of agents' addresses, in base64: the first signs, all verify.</summary>
    public IReadOnlyList<string> AgentKeys { get; init; } = [];

    /// <summary>How many requests an agent may send to its addresses; null: any number.</summary>
    public RateLimitOptions? AgentRateLimit { get; init; }

    /// <summary>What stands between the service and the database.</summary>
    public PoolerMode Pooler { get; init; } = PoolerMode.None;

    /// <summary>The page for people.</summary>
    public WebConsoleOptions Console { get; init; } = new();

    /// <summary>The largest body of any operation.</summary>
    internal int LargestBodyBytes => Math.Max(SignalBody.MaxBytes, Math.Max(MaxBodyBytes, MaxBatchBytes));
}

/// <summary>The page for people, <c>/console</c>.</summary>
internal sealed class WebConsoleOptions
{
    /// <summary>Whether it is served; null: in Development alone.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>How many requests a project, or an agent, may send.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>The rate in the long run; a fraction is allowed.</summary>
    public double PerSecond { get; init; }

    /// <summary>The largest burst after a pause; by default the number of requests in a second.</summary>
    public int? Burst { get; init; }

    /// <summary>The capacity of the bucket.</summary>
    public int Bucket => Burst ?? (int)Math.Ceiling(PerSecond);
}

/// <summary>Which configurations a deployment may refer to.</summary>
internal enum ConfigReferenceRule
{
    /// <summary>Any.</summary>
    Any,

    /// <summary>Only those that exist in the deployment's own project.</summary>
    Known,
}

/// <summary>The pooler between the service and the database.</summary>
internal enum PoolerMode
{
    /// <summary>None, or one whose clients have a session of the server each.</summary>
    None,

    /// <summary>One whose clients have a session for a transaction.</summary>
    Transaction,
}
