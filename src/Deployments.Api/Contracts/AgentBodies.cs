using System.Text.Json.Serialization;
using Deployments.Api.Json;
using Deployments.Application.Agents;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;

namespace Deployments.Api.Contracts;

/// <summary>The agent of a server.</summary>
public sealed record AgentEnvelope
{
    /// <summary>The agent.</summary>
    public required AgentDto Agent { get; init; }
}

/// <summary>What an agent applies, in the form that OpenStack's agents read.</summary>
public sealed record AgentDocumentEnvelope
{
    /// <summary>The runs to apply, in their order.</summary>
    public required IAsyncEnumerable<AgentItemDto> Deployments { get; init; }

    /// <summary>The settings of os-collect-config, which writes them to its configuration.</summary>
    [JsonPropertyName("os-collect-config")]
    public required CollectorSettings OsCollectConfig { get; init; }
}

/// <summary>Settings of os-collect-config.</summary>
public sealed record CollectorSettings
{
    /// <summary>Where it reads from. Images rely on <c>local</c>, which OpenStack Heat names too.</summary>
    public IReadOnlyList<string> Collectors { get; } = ["request", "local"];

    /// <summary>The settings of the collector <c>request</c>.</summary>
    public required RequestCollectorSettings Request { get; init; }
}

/// <summary>Settings of the collector that reads from an address.</summary>
public sealed record RequestCollectorSettings
{
    /// <summary>Absolute URL of the document.</summary>
    public required string MetadataUrl { get; init; }
}

/// <summary>What an agent reports, as it was sent.</summary>
/// <param name="Bytes">The body.</param>
[JsonBody(MaxBytes = SignalBody.MaxBytes)]
[ValidateNever]
public sealed record SignalBody(ReadOnlyMemory<byte> Bytes)
{
    internal const int MaxBytes = 1024 * 1024;
}
