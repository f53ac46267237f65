using System.Text.Json;
using System.Text.Json.Serialization;
using Deployments.Api.Json;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Filters;
using Deployments.Application.Common;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;

namespace Deployments.Api.Contracts;

/// <summary>A software deployment to create. Fields that are not listed here are ignored; null is the same as leaving a field out.</summary>
public sealed record CreateSoftwareDeploymentBody
{
    /// <summary>The software configuration to apply. It need not be one that is held here.</summary>
    /// <example>8da95794-2ad9-4979-8ae5-739ce314c5cd</example>
    public string? ConfigId { get; init; }

    /// <summary>The server to apply it to. It need not be a UUID.</summary>
    /// <example>ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5</example>
    public string? ServerId { get; init; }

    /// <summary>The stack action that triggers the deployment, usually CREATE, UPDATE, DELETE, SUSPEND or RESUME.</summary>
    /// <example>CREATE</example>
    public string? Action { get; init; }

    /// <summary>Input data as key-value pairs. They come back as they were sent; nested at most 64 levels deep.</summary>
    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>How it went so far; IN_PROGRESS if left out.</summary>
    /// <example>IN_PROGRESS</example>
    public string? Status { get; init; }

    /// <summary>Why it has its status.</summary>
    /// <example>Deploy data available</example>
    public string? StatusReason { get; init; }

    /// <summary>A second project that may list, read, update and delete the deployment, through its own path. It is never shown again.</summary>
    /// <example>c024bfada67845ddb17d2b0c0be8cd79</example>
    public string? StackUserProjectId { get; init; }

    /// <summary>
    /// After how many seconds it becomes FAILED if it is still IN_PROGRESS, 1 to 2,592,000 (30 days). Without effect where the status
    /// is another.
    /// </summary>
    /// <example>3600</example>
    public int? Timeout { get; init; }

    internal NewDeployment ToDeployment() => new()
    {
        ConfigId = ConfigId,
        ServerId = ServerId,
        Action = Action,
        InputValues = InputValues,
        Status = Status,
        StatusReason = StatusReason,
        StackUserProjectId = StackUserProjectId,
        Timeout = Timeout,
    };
}

/// <summary>Software deployments to create, all or none.</summary>
[JsonBody(DepthOfValues = 3, IsBatch = true)]
public sealed record CreateSoftwareDeploymentsBody
{
    /// <summary>The deployments: 1 to 1,000.</summary>
    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public IList<CreateSoftwareDeploymentBody?>? SoftwareDeployments { get; init; } = new BoundedList<CreateSoftwareDeploymentBody?>();

    internal IReadOnlyList<NewDeployment?>? ToDeployments() =>
        SoftwareDeployments?.Select(deployment => deployment?.ToDeployment()).ToList();
}

/// <summary>What to change in a software deployment. Fields that are not listed here are ignored; null is the same as leaving a field out.</summary>
public sealed record UpdateSoftwareDeploymentBody
{
    /// <summary>Another software configuration.</summary>
    public string? ConfigId { get; init; }

    /// <summary>Another stack action.</summary>
    /// <example>UPDATE</example>
    public string? Action { get; init; }

    /// <summary>Input data in place of all that there are.</summary>
    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    /// <summary>Output data in place of all that there are; nested at most 64 levels deep.</summary>
    public IReadOnlyDictionary<string, JsonElement>? OutputValues { get; init; }

    /// <summary>How it went. Any status may follow any other.</summary>
    /// <example>COMPLETE</example>
    public string? Status { get; init; }

    /// <summary>Why it has its status.</summary>
    /// <example>Outputs received</example>
    public string? StatusReason { get; init; }

    /// <summary>
    /// After how many seconds from now it becomes FAILED if it is still IN_PROGRESS, 1 to 2,592,000 (30 days), in place of the
    /// deadline that it has. Without effect where the status is another.
    /// </summary>
    /// <example>3600</example>
    public int? Timeout { get; init; }

    internal UpdateDeploymentCommand ToCommand(Caller caller, Guid id, IReadOnlySet<int>? ifMatch) => new()
    {
        Caller = caller,
        Id = id,
        IfMatch = ifMatch,
        ConfigId = ConfigId,
        Action = Action,
        InputValues = InputValues,
        OutputValues = OutputValues,
        Status = Status,
        StatusReason = StatusReason,
        Timeout = Timeout,
    };
}

/// <summary>One software deployment.</summary>
public sealed record SoftwareDeploymentEnvelope : IVersioned
{
    /// <summary>The deployment.</summary>
    public required SoftwareDeploymentDto SoftwareDeployment { get; init; }

    int IVersioned.Version => SoftwareDeployment.Version;
}

/// <summary>The software deployments that a batch created.</summary>
public sealed record SoftwareDeploymentBatchEnvelope
{
    /// <summary>The deployments, in the order in which they were sent.</summary>
    public required IReadOnlyList<SoftwareDeploymentDto> SoftwareDeployments { get; init; }
}

/// <summary>Software deployments, all or a page of them.</summary>
public sealed record SoftwareDeploymentListEnvelope
{
    /// <summary>The deployments, oldest first.</summary>
    public required IAsyncEnumerable<SoftwareDeploymentDto> SoftwareDeployments { get; init; }

    /// <summary>Where to go on; absent on the last page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PageLink>? SoftwareDeploymentsLinks { get; init; }
}

/// <summary>The history of a software deployment.</summary>
public sealed record DeploymentEventListEnvelope
{
    /// <summary>Its entries, oldest first.</summary>
    public required IAsyncEnumerable<DeploymentEventDto> Events { get; init; }
}

/// <summary>What a server's agent is to apply.</summary>
public sealed record ServerMetadataEnvelope
{
    /// <summary>One configuration for each deployment of the server.</summary>
    public required IAsyncEnumerable<SoftwareConfigDto> Metadata { get; init; }
}
