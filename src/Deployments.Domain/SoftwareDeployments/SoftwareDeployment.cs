using System.Text.Json;
using Deployments.Domain.Agents;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Domain.SoftwareDeployments;

/// <summary>A software configuration applied to a server: who may access it, and its status.</summary>
public sealed class SoftwareDeployment
{
    public const int MaxConfigIdLength = 255;
    public const int MaxServerIdLength = 255;
    public const int MaxActionLength = 255;
    public const int MaxStatusReasonLength = 16_384;
    public const int MinTimeout = 1;
    public const int MaxTimeout = 30 * 24 * 60 * 60;

    private const string TimedOut = "Timed out after ";

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

    // For what is stored. It checks nothing: rows that were stored under other limits must stay readable.
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

    /// <summary>When it last changed; null before its first change.</summary>
    public DateTimeOffset? UpdatedTime { get; private set; }

    /// <summary>When it became its current version: its last change, or its creation.</summary>
    public DateTimeOffset ChangedTime => UpdatedTime ?? CreationTime;

    /// <summary>How many seconds it may be in progress, from the request that set it; null if none did, or if it is no longer in progress.</summary>
    public int? Timeout { get; private set; }

    /// <summary>When it fails unless its status changes before; null without a timeout.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>
    /// What its agent applies once: another after each change of what to apply, and each return to IN_PROGRESS. The id of the first is the
    /// deployment's.
    /// </summary>
    public Guid Run => RunId ?? Id;

    /// <summary>The id of the run, if it is not the first.</summary>
    public Guid? RunId { get; private set; }

    /// <summary>The deadline of the run, which it keeps when it has ended; null without a timeout.</summary>
    public DateTimeOffset? RunDeadline => Deadline ?? EndedRunDeadline;

    /// <summary>The deadline that the run had when it ended; null while it is in progress.</summary>
    public DateTimeOffset? EndedRunDeadline { get; private set; }

    /// <summary>The request that created it; null if that had no key.</summary>
    public IdempotencyKey? IdempotencyKey => (IdempotencyKeyText, IdempotencyIndex, RequestHash) is ({ } key, { } index, { } hash)
        ? new(key, index, hash)
        : null;

    /// <summary>1 at creation, one more with each change.</summary>
    public int Version { get; private set; } = 1;

    private bool HasTimedOut => Status == DeploymentStatus.Failed
        && RunDeadline is not null
        && StatusReason?.StartsWith(TimedOut, StringComparison.Ordinal) == true;

    // The columns of the idempotency key: Entity Framework cannot make a unique index over parts of a value.
    private string? IdempotencyKeyText { get; set; }

    private int? IdempotencyIndex { get; set; }

    private byte[]? RequestHash { get; set; }

    /// <summary>A deployment as it is stored. Nothing is checked.</summary>
    public static SoftwareDeployment Restore(
        Guid id,
        string projectId,
        string configId,
        string serverId,
        DeploymentStatus status,
        string? statusReason,
        string? action,
        IReadOnlyDictionary<string, JsonElement>? inputValues,
        IReadOnlyDictionary<string, JsonElement>? outputValues,
        string? stackUserProjectId,
        DateTimeOffset creationTime,
        DateTimeOffset? updatedTime,
        int? timeout,
        DateTimeOffset? deadline,
        Guid? runId,
        DateTimeOffset? endedRunDeadline,
        IdempotencyKey? idempotencyKey,
        int version) =>
        new(id, projectId, configId, serverId)
        {
            Status = status,
            StatusReason = statusReason,
            Action = action,
            InputValues = inputValues,
            OutputValues = outputValues,
            StackUserProjectId = stackUserProjectId,
            CreationTime = creationTime,
            UpdatedTime = updatedTime,
            Timeout = timeout,
            Deadline = deadline,
            RunId = runId,
            EndedRunDeadline = endedRunDeadline,
            IdempotencyKeyText = idempotencyKey?.Key,
            IdempotencyIndex = idempotencyKey?.Index,
            RequestHash = idempotencyKey?.RequestHash,
            Version = version,
        };

    /// <summary>
    /// Applies the fields that are given and keeps the others. Any status may follow any other. Values equal to the current ones, JSON
    /// compared as text, are not a change.
    /// </summary>
    /// <returns>Whether anything changed, and so the version.</returns>
    public bool Change(DeploymentChanges changes, DateTimeOffset now)
    {
        now = now.ToMicroseconds();
        var configId = changes.ConfigId is null ? ConfigId : CharacterLimits.Required(changes.ConfigId, MaxConfigIdLength, nameof(changes.ConfigId));
        var action = CharacterLimits.Optional(changes.Action, MaxActionLength, nameof(changes.Action)) ?? Action;
        var status = EnsureDefined(changes.Status ?? Status);
        var statusReason = CharacterLimits.Optional(changes.StatusReason, MaxStatusReasonLength, nameof(changes.StatusReason)) ?? StatusReason;
        var inputValues = changes.InputValues ?? InputValues;
        var outputValues = changes.OutputValues ?? OutputValues;
        var hasSameInput = inputValues.HasSameJson(InputValues);
        var (timeout, deadline) = changes.Timeout is null && status == DeploymentStatus.InProgress
            ? (Timeout, Deadline)
            : DeadlineFor(status, changes.Timeout, now);

        if (configId == ConfigId
            && action == Action
            && status == Status
            && statusReason == StatusReason
            && deadline == Deadline
            && hasSameInput
            && outputValues.HasSameJson(OutputValues))
        {
            return false;
        }

        var startsRun = configId != ConfigId
            || action != Action
            || !hasSameInput
            || (status == DeploymentStatus.InProgress && Status != DeploymentStatus.InProgress);
        RunId = startsRun ? changes.NewRunId : RunId;
        EndedRunDeadline = startsRun || status == DeploymentStatus.InProgress ? null : RunDeadline;
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

        End(DeploymentStatus.Failed, $"{TimedOut}{Timeout} s", now);
        return true;
    }

    /// <summary>
    /// Stores the outcome of a run, unless the deployment is not in progress or is in another run: so a report that is repeated, or that of
    /// a server installed anew, changes nothing.
    /// </summary>
    /// <param name="run">The run that the agent reports of.</param>
    /// <param name="report">What it reports.</param>
    /// <param name="outputs">The outputs of the run's configuration.</param>
    /// <param name="now">When it reports.</param>
    public SignalOutcome ApplySignal(Guid run, AgentReport report, IReadOnlyList<ConfigOutput> outputs, DateTimeOffset now)
    {
        if (Status != DeploymentStatus.InProgress || run != Run)
        {
            return run == Run && HasTimedOut ? SignalOutcome.TooLate : SignalOutcome.Ignored;
        }

        var outputValues = new Dictionary<string, JsonElement>(OutputValues ?? new Dictionary<string, JsonElement>());
        foreach (var (name, value) in report.ValuesOf(outputs))
        {
            outputValues[name] = value;
        }

        OutputValues = outputValues;
        var failures = string.Join(", ", report.FailuresOf(outputs));
        if (failures.Length > 0)
        {
            End(DeploymentStatus.Failed, failures.CutTo(MaxStatusReasonLength), now);
        }
        else
        {
            End(DeploymentStatus.Complete, "Outputs received", now);
        }

        return SignalOutcome.Applied;
    }

    private void End(DeploymentStatus status, string statusReason, DateTimeOffset now)
    {
        (Status, StatusReason) = (status, statusReason);
        EndedRunDeadline = RunDeadline;
        (Timeout, Deadline) = (null, null);
        UpdatedTime = now.ToMicroseconds();
        Version++;
    }

    // Only a deployment in progress has a deadline.
    private static (int? Timeout, DateTimeOffset? Deadline) DeadlineFor(DeploymentStatus status, int? timeout, DateTimeOffset now) =>
        timeout is not { } seconds || status != DeploymentStatus.InProgress ? (null, null)
        : seconds is >= MinTimeout and <= MaxTimeout ? (seconds, now.AddSeconds(seconds))
        : throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "The timeout is out of range.");

    private static IdempotencyKey? EnsureValid(IdempotencyKey? idempotencyKey) => idempotencyKey is null || IdempotencyKey.IsValid(idempotencyKey.Key)
        ? idempotencyKey
        : throw new ArgumentException("The idempotency key is invalid.", nameof(idempotencyKey));

    private static DeploymentStatus EnsureDefined(DeploymentStatus status) => Enum.IsDefined(status)
        ? status
        : throw new ArgumentOutOfRangeException(nameof(status), status, "No such status.");
}

/// <summary>Changes to a deployment. Null keeps a field; "" and {} are values.</summary>
public sealed record DeploymentChanges
{
    public string? ConfigId { get; init; }

    public string? Action { get; init; }

    public DeploymentStatus? Status { get; init; }

    public string? StatusReason { get; init; }

    /// <summary>In seconds, from the time of the change.</summary>
    public int? Timeout { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? InputValues { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? OutputValues { get; init; }

    /// <summary>The id of the run that the changes may start.</summary>
    public required Guid NewRunId { get; init; }
}
