using System.Text.Json;
using Deployments.Domain.Common;

namespace Deployments.Domain.SoftwareDeployments;

/// <summary>Which software configuration is applied to which server, who may act on it, and how it went.</summary>
public sealed class SoftwareDeployment
{
    public const int MaxConfigIdLength = 255;
    public const int MaxServerIdLength = 255;
    public const int MaxActionLength = 255;
    public const int MaxStatusReasonLength = 16_384;
    public const int MinTimeout = 1;
    public const int MaxTimeout = 30 * 24 * 60 * 60;

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
        int? timeout = null,
        IdempotencyKey? idempotencyKey = null)
        : this(
            id,
            CharacterLimits.Required(projectId, Common.ProjectId.MaxLength, nameof(projectId)),
            CharacterLimits.Required(configId, MaxConfigIdLength, nameof(configId)),
            CharacterLimits.Required(serverId, MaxServerIdLength, nameof(serverId)))
    {
        CreationTime = creationTime.ToMicroseconds();
        Status = EnsureDefined(status ?? DeploymentStatus.InProgress);
        StatusReason = CharacterLimits.Optional(statusReason, MaxStatusReasonLength, nameof(statusReason));
        Action = CharacterLimits.Optional(action, MaxActionLength, nameof(action));
        InputValues = inputValues;
        StackUserProjectId = CharacterLimits.Optional(stackUserProjectId, Common.ProjectId.MaxLength, nameof(stackUserProjectId));
        (Timeout, Deadline) = DeadlineFor(Status, timeout, CreationTime);
        (IdempotencyKeyText, IdempotencyIndex, RequestHash) =
            (EnsureValid(idempotencyKey)?.Key, idempotencyKey?.Index, idempotencyKey?.RequestHash);
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

    /// <summary>When it became what it is: its last change, or its creation.</summary>
    public DateTimeOffset ChangedTime => UpdatedTime ?? CreationTime;

    /// <summary>How many seconds it may be in progress, from the request that said so; null where nobody did, or it no longer is.</summary>
    public int? Timeout { get; private set; }

    /// <summary>When it fails unless its status changes before; null where no timeout runs.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>The request that created it; null where that had no key.</summary>
    public IdempotencyKey? IdempotencyKey => (IdempotencyKeyText, IdempotencyIndex, RequestHash) is ({ } key, { } index, { } hash)
        ? new(key, index, hash)
        : null;

    /// <summary>1 at creation, one more with each change.</summary>
    public int Version { get; private set; } = 1;

    // The idempotency key as storage has it: a unique index over columns, for which Entity Framework takes no part of a value.
    private string? IdempotencyKeyText { get; set; }

    private int? IdempotencyIndex { get; set; }

    private byte[]? RequestHash { get; set; }

    /// <summary>
    /// Applies what is given and leaves the rest. Any status may follow any other. Values that say what is there already,
    /// JSON compared as text, are no change.
    /// </summary>
    /// <returns>Whether anything changed, and with it the version.</returns>
    public bool Change(DeploymentChanges changes, DateTimeOffset now)
    {
        now = now.ToMicroseconds();
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
            && inputValues.HasSameJson(InputValues)
            && outputValues.HasSameJson(OutputValues))
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

    /// <summary>The deployment as it is now; a change of one leaves the other as it is.</summary>
    public SoftwareDeployment Copy() => (SoftwareDeployment)MemberwiseClone();

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
        UpdatedTime = now.ToMicroseconds();
        Version++;
        return true;
    }

    // Only what is in progress can run out of time.
    private static (int? Timeout, DateTimeOffset? Deadline) DeadlineFor(DeploymentStatus status, int? timeout, DateTimeOffset now) =>
        timeout is not { } seconds || status != DeploymentStatus.InProgress ? (null, null)
        : seconds is >= MinTimeout and <= MaxTimeout ? (seconds, now.AddSeconds(seconds))
        : throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "No such timeout.");

    private static IdempotencyKey? EnsureValid(IdempotencyKey? idempotencyKey) => idempotencyKey is null || IdempotencyKey.IsValid(idempotencyKey.Key)
        ? idempotencyKey
        : throw new ArgumentException("No such idempotency key.", nameof(idempotencyKey));

    private static DeploymentStatus EnsureDefined(DeploymentStatus status) => Enum.IsDefined(status)
        ? status
        : throw new ArgumentOutOfRangeException(nameof(status), status, "No such status.");
}

/// <summary>What is to change in a deployment. Null leaves a field as it is; "" and {} are values.</summary>
public sealed record DeploymentChanges
{
    public string? ConfigId { get; init; }

    public string? Action { get; init; }

    public DeploymentStatus? Status { get; init; }

    public string? StatusReason { get; init; }

    /// <summary>Seconds from the change on.</summary>
    public int? Timeout { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? OutputValues { get; init; }
}
