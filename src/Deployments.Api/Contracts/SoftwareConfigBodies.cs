using System.Text.Json.Serialization;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Filters;
using Deployments.Application.SoftwareConfigs;

namespace Deployments.Api.Contracts;

/// <summary>One software configuration.</summary>
public sealed record SoftwareConfigEnvelope : IVersioned
{
    /// <summary>The configuration.</summary>
    public required SoftwareConfigDto SoftwareConfig { get; init; }

    // A configuration never changes.
    int IVersioned.Version => 1;

    DateTimeOffset IVersioned.ChangedTime => SoftwareConfig.CreationTime;
}

/// <summary>Software configurations in summary, all or a page of them.</summary>
public sealed record SoftwareConfigListEnvelope
{
    /// <summary>The configurations, newest first.</summary>
    public required IAsyncEnumerable<SoftwareConfigSummaryDto> SoftwareConfigs { get; init; }

    /// <summary>A link to the next page; absent on the last page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PageLink>? SoftwareConfigsLinks { get; init; }

    /// <summary>The same as <c>software_configs_links</c>, by the name that gophertelekomcloud reads.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PageLink>? SoftwareConfigLinks => SoftwareConfigsLinks;
}
