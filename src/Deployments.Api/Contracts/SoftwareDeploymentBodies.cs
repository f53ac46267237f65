using System.Text.Json.Serialization;
using Deployments.Api.Json;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Filters;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;

namespace Deployments.Api.Contracts;

/// <summary>Software deployments to create, all or none.</summary>
[JsonBody(DepthOfValues = 3, IsBatch = true)]
public sealed record CreateSoftwareDeploymentsBody
{
    /// <summary>The deployments: 1 to 1,000.</summary>
    public IList<NewDeployment?>? SoftwareDeployments { get; init; }
}

/// <summary>One software deployment.</summary>
public sealed record SoftwareDeploymentEnvelope : IVersioned
{
    /// <summary>The deployment.</summary>
    public required SoftwareDeploymentDto SoftwareDeployment { get; init; }

    int IVersioned.Version => SoftwareDeployment.Version;

    DateTimeOffset IVersioned.ChangedTime => SoftwareDeployment.UpdatedTime ?? SoftwareDeployment.CreationTime;
}

/// <summary>The software deployments that a batch created.</summary>
public sealed record SoftwareDeploymentBatchEnvelope
{
    /// <summary>The deployments, in the order in which they were sent.</summary>
    public required IAsyncEnumerable<SoftwareDeploymentDto> SoftwareDeployments { get; init; }
}

/// <summary>Software deployments, all or a page of them.</summary>
public sealed record SoftwareDeploymentListEnvelope
{
    /// <summary>The deployments, by default oldest first.</summary>
    public required IAsyncEnumerable<SoftwareDeploymentDto> SoftwareDeployments { get; init; }

    /// <summary>A link to the next page; absent on the last page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PageLink>? SoftwareDeploymentsLinks { get; init; }
}

/// <summary>The history of a software deployment.</summary>
public sealed record DeploymentEventListEnvelope
{
    /// <summary>Its entries, oldest first.</summary>
    public required IAsyncEnumerable<DeploymentEventDto> Events { get; init; }
}

/// <summary>The configurations that a server's agent must apply.</summary>
public sealed record ServerMetadataEnvelope
{
    /// <summary>One configuration for each deployment of the server.</summary>
    public required IAsyncEnumerable<SoftwareConfigDto> Metadata { get; init; }
}
