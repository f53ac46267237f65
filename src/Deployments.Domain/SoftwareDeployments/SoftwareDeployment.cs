using System.Text.Json;
using Deployments.Domain.Common;

namespace Deployments.Domain.SoftwareDeployments;

/// <summary>Which software configuration is applied to which server, who may act on it, and how it went.</summary>
public sealed class SoftwareDeployment
{
    public const int MaxProjectIdLength = 64;
    public const int MaxConfigIdLength = 255;
    public const int MaxServerIdLength = 255;
    public const int MaxActionLength = 255;
    public const int MaxStatusReasonLength = 16_384;
    public const int MaxTimeout = 30 * 24 * 60 * 60;
    public const int MaxIdempotencyKeyLength = 255;

    private static readonly JsonSerializerOptions AnyDepth = new() { MaxDepth = 512 };

    public SoftwareDeployment(
        Guid id,
        string projectId,
        string configId,
        string serverId,
        DateTimeOffset creationTime,
        DeploymentStatus? status = null,
        string? statusReason = null,
        string? action = null,
        IReadOnlyDictionary<string, JsonElement>? inputValues = null,
        string? stackUserProjectId = null,
        int? timeout = null)
        : this(
            id,
            CharacterLimits.Required(projectId, MaxProjectIdLength, nameof(projectId)),
            CharacterLimits.Required(configId, MaxConfigIdLength, nameof(configId)),
            CharacterLimits.Required(serverId, MaxServerIdLength, nameof(serverId)))
    {
        CreationTime = creationTime;
        Status = EnsureDefined(status ?? DeploymentStatus.InProgress);
        StatusReason = CharacterLimits.Optional(statusReason, MaxStatusReasonLength, nameof(statusReason));
        Action = CharacterLimits.Optional(action, MaxActionLength, nameof(action));
        InputValues = inputValues;
        StackUserProjectId = CharacterLimits.Optional(stackUserProjectId, MaxProjectIdLength, nameof(stackUserProjectId));
        (Timeout, Deadline) = DeadlineFor(Status, timeout, creationTime);
    }

    // Storage fills a row in through this one: what was once stored is read back, whatever the limits are today.
    private SoftwareDeployment(Guid id, string projectId, string configId, string serverId)
    {
        Id = id;
        ProjectId = projectId;
        ConfigId = configId;
        ServerId = serverId;
    }

    public Guid Id { get; }

    public string ProjectId { get; }

    public string ConfigId { get; private set; }

    public string ServerId { get; }

    public string? Action { get; private set; }

    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; private set; }

    public IReadOnlyDictionary<string, JsonElement>? OutputValues { get; private set; }

    public DeploymentStatus Status { get; private set; }

    public string? StatusReason { get; private set; }

    /// <summary>A second project that may list, read, update and delete this deployment.</summary>
    public string? StackUserProjectId { get; private set; }

    public DateTimeOffset CreationTime { get; private set; }

    /// <summary>When it last changed; null until it first does.</summary>
    public DateTimeOffset? UpdatedTime { get; private set; }

    /// <summary>How many seconds it may be in progress, from the request that said so; null where nobody did, or it no longer is.</summary>
    public int? Timeout { get; private set; }

    /// <summary>When it fails unless its status changes before; null where no timeout runs.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>The key of the request that created it, by which a repetition of that request is known; null where it had none.</summary>
    public string? IdempotencyKey { get; private set; }

    /// <summary>Its place among the deployments that the request created; null where the request had no key.</summary>
    public int? IdempotencyIndex { get; private set; }

    /// <summary>A hash of what the request asked for, by which another request with its key is known; null where it had no key.</summary>
    public byte[]? RequestHash { get; private set; }

    /// <summary>1 at creation, one more with each change.</summary>
    public int Version { get; private set; } = 1;

    /// <summary>Keeps by which request it is created, and as which of its deployments.</summary>
    public void RememberRequest(string key, int index, byte[] hash)
    {
        IdempotencyKey = CharacterLimits.Required(key, MaxIdempotencyKeyLength, nameof(key));
        IdempotencyIndex = index;
        RequestHash = hash;
    }

    /// <summary>
    /// Applies what is given and leaves the rest. Any status may follow any other. Values that say what is there already,
    /// JSON compared as text, are no change.
    /// </summary>
    /// <returns>Whether anything changed, and with it the version.</returns>
    public bool Change(DeploymentChanges changes, DateTimeOffset now)
    {
        var configId = changes.ConfigId is null ? ConfigId : CharacterLimits.Required(changes.ConfigId, MaxConfigIdLength, nameof(changes.ConfigId));
        var action = CharacterLimits.Optional(changes.Action, MaxActionLength, nameof(changes.Action)) ?? Action;
        var status = EnsureDefined(changes.Status ?? Status);
        var statusReason = CharacterLimits.Optional(changes.StatusReason, MaxStatusReasonLength, nameof(changes.StatusReason)) ?? StatusReason;
        var inputValues = changes.InputValues ?? InputValues;
        var outputValues = changes.OutputValues ?? OutputValues;
        var (timeout, deadline) = changes.Timeout is null && status == DeploymentStatus.InProgress
            ? (Timeout, Deadline)
            : DeadlineFor(status, changes.Timeout, now);

        if (configId == ConfigId
            && action == Action
            && status == Status
            && statusReason == StatusReason
            && deadline == Deadline
            && HasSameJson(inputValues, InputValues)
            && HasSameJson(outputValues, OutputValues))
        {
            return false;
        }

        (ConfigId, Action, Status, StatusReason, InputValues, OutputValues) =
            (configId, action, status, statusReason, inputValues, outputValues);
        (Timeout, Deadline) = (timeout, deadline);
        UpdatedTime = now;
        Version++;
        return true;
    }

    /// <summary>Fails it if its deadline has passed while it is in progress.</summary>
    /// <returns>Whether it has expired now, and with it changed the version.</returns>
    public bool Expire(DateTimeOffset now)
    {
        if (Status != DeploymentStatus.InProgress || Deadline is not { } deadline || deadline > now)
        {
            return false;
        }

        (Status, StatusReason) = (DeploymentStatus.Failed, $"Timed out after {Timeout} s");
        (Timeout, Deadline) = (null, null);
        UpdatedTime = now;
        Version++;
        return true;
    }

    // Only what is in progress can run out of time.
    private static (int? Timeout, DateTimeOffset? Deadline) DeadlineFor(DeploymentStatus status, int? timeout, DateTimeOffset now) =>
        timeout is not { } seconds || status != DeploymentStatus.InProgress ? (null, null)
        : seconds is >= 1 and <= MaxTimeout ? (seconds, now.AddSeconds(seconds))
        : throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "No such timeout.");

    private static bool HasSameJson(IReadOnlyDictionary<string, JsonElement>? left, IReadOnlyDictionary<string, JsonElement>? right) =>
        ReferenceEquals(left, right) || JsonSerializer.Serialize(left, AnyDepth) == JsonSerializer.Serialize(right, AnyDepth);

    private static DeploymentStatus EnsureDefined(DeploymentStatus status) => Enum.IsDefined(status)
        ? status
        : throw new ArgumentOutOfRangeException(nameof(status), status, "No such status.");
}
