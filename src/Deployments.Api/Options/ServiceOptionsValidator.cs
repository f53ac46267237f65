using System.Diagnostics.CodeAnalysis;
using System.Net;
using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Json;
using Deployments.Api.Middleware;
using Deployments.Application.Retention;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Options;

/// <summary>The rules of <see cref="ServiceOptions"/>; each failure is one sentence that names its setting.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class ServiceOptionsValidator(IConfiguration configuration, IHostEnvironment environment) : IValidateOptions<ServiceOptions>
{
    private const int MaxBytes = 1024 * 1024 * 1024;
    private const int MaxSeconds = 3600;
    private const int MaxDays = RetentionRules.MaxDays;
    private const int MaxWaitingRequests = 1_000_000;
    private const double MinRate = 0.001;
    private const double MaxRate = 1_000_000;

    // ASP.NET Core refills the buckets at this rate, each up to its size and no further.
    private const int RefillsPerSecond = 10;

    public ValidateOptionsResult Validate(string? name, ServiceOptions options)
    {
        List<string> failures =
        [
            .. OutOfRange(nameof(options.MaxBodyBytes), options.MaxBodyBytes, MaxBytes),
            .. OutOfRange(nameof(options.MaxBatchBytes), options.MaxBatchBytes, MaxBytes),
            .. OutOfRange(nameof(options.RequestTimeoutSeconds), options.RequestTimeoutSeconds, MaxSeconds),
            .. OutOfRange(nameof(options.MaxWaiting), options.MaxWaiting, MaxWaitingRequests),
            .. OutOfRange(nameof(options.KeepDeletedDays), options.KeepDeletedDays, MaxDays),
            .. options.RetainDays is { } days ? OutOfRange(nameof(options.RetainDays), days, MaxDays) : [],
            .. OutOfRange(nameof(options.RetainPerServer), options.RetainPerServer, RetentionRules.MaxPerServer),
            .. options.RetainUnusedConfigDays is { } configDays ? OutOfRange(nameof(options.RetainUnusedConfigDays), configDays, MaxDays) : [],
            .. Undefined<TimeFormat>(nameof(options.TimeFormat)),
            .. Undefined<ConfigReferenceRule>(nameof(options.ConfigReferences)),
            .. Undefined<PoolerMode>(nameof(options.Pooler)),
            .. NotAList(nameof(options.Proxies)),
            .. NotAList(nameof(options.CorsOrigins)),
            .. options.Proxies.Where(proxy => !IPAddress.TryParse(proxy, out _) && !IPNetwork.TryParse(proxy, out _))
                .Select(proxy => $"{Path(nameof(options.Proxies))}: {proxy} is neither an address nor a network such as 10.0.0.0/8."),
            .. options.CorsOrigins.Where(origin => !Cors.IsOrigin(origin))
                .Select(origin => $"{Path(nameof(options.CorsOrigins))}: {origin} is not an origin as browsers send it, such as https://console.example.org, without a path or a trailing slash."),
            .. options.RateLimit is { } rate ? Failures(nameof(options.RateLimit), rate) : [],
            .. options.AgentRateLimit is { } agentRate ? Failures(nameof(options.AgentRateLimit), agentRate) : [],
            .. NotAnAddress(nameof(options.PublicUrl), options.PublicUrl),
            .. NotAList(nameof(options.AgentKeys)),
            .. options.AgentKeys.SelectMany((key, index) => KeyFailures($"{Path(nameof(options.AgentKeys))}:{index}", key)),
        ];
        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }

    private static IEnumerable<string> OutOfRange(string name, int value, int max) =>
        value < 1 || value > max ? [$"{Path(name)} is {value}, and must be from 1 to {max}."] : [];

    // The binder takes any number, or list of names, for an enum.
    private IEnumerable<string> Undefined<T>(string name)
        where T : struct, Enum =>
        configuration[Path(name)] is { Length: > 0 } value && !Enum.GetNames<T>().Contains(value.Trim(), StringComparer.OrdinalIgnoreCase)
            ? [$"{Path(name)} is {value}, and must be {string.Join(" or ", Enum.GetNames<T>())}."]
            : [];

    // The binder ignores a value where it expects a list.
    private IEnumerable<string> NotAList(string name) =>
        string.IsNullOrEmpty(configuration[Path(name)]) ? [] : [$"{Path(name)} is a list: {Path(name)}:0 is its first entry."];

    private static IEnumerable<string> NotAnAddress(string name, string? value) =>
        string.IsNullOrEmpty(value)
        || (Uri.TryCreate(value, UriKind.Absolute, out var address)
            && address is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" }
            && !value.AsSpan().ContainsAny("?# "))
            ? []
            : [$"{Path(name)} must be an address such as https://deployments.example.org, without user, query and fragment."];

    private IEnumerable<string> KeyFailures(string name, string? key)
    {
        var bytes = new byte[key?.Length ?? 0];
        return !Convert.TryFromBase64String(key ?? string.Empty, bytes, out var length) || length < AgentKeys.MinBytes
                ? [$"{name} must be a secret of at least {AgentKeys.MinBytes} bytes, in base64."]
            : !environment.IsDevelopment() && bytes.AsSpan(0, length).SequenceEqual(AgentKeys.DevelopmentKey)
                ? [$"{name} is the development key, which everybody knows."]
            : [];
    }

    private static IEnumerable<string> Failures(string section, RateLimitOptions rate)
    {
        var perSecond = Path($"{section}:{nameof(rate.PerSecond)}");
        var burst = Path($"{section}:{nameof(rate.Burst)}");
        return rate.PerSecond is not (>= MinRate and <= MaxRate) ? [$"{perSecond} is {rate.PerSecond}, and must be from {MinRate} to {MaxRate}."]
            : rate.Burst is < 1 ? [$"{burst} is {rate.Burst}, and must be at least 1."]
            : rate.Bucket < rate.PerSecond / RefillsPerSecond
                ? [$"{burst} is {rate.Burst}, and must be at least PerSecond / {RefillsPerSecond}: a bucket is refilled that often a second, and a smaller one cannot hold the rate."]
            : [];
    }

    private static string Path(string name) => $"{ServiceOptions.Section}:{name}";
}
