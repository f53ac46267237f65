using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>A deployment whose row is locked, and the changes of it that one transaction stores, in their order.</summary>
/// <param name="row">The deployment as the row has it.</param>
/// <param name="xact">The transaction that last changed the row.</param>
internal sealed class LockedDeployment(SoftwareDeployment row, ulong xact)
{
    private readonly SoftwareDeployment row = row;
    private readonly List<PendingChange> changes = [];
    private readonly List<(PendingChange Change, ChangeOutcome? Outcome, Exception? Refusal)> outcomes = [];
    private readonly List<(SoftwareDeployment Deployment, Caller Caller)> versions = [];

    /// <summary>What the row has.</summary>
    public DeploymentValues Before { get; } = DeploymentValues.Of(row, xact);

    /// <summary>The deployment after the changes.</summary>
    public SoftwareDeployment Current { get; private set; } = row;

    /// <summary>The changes, of which some may have no effect.</summary>
    public IReadOnlyList<PendingChange> Changes => changes;

    /// <summary>What is to be stored: the deployment after each change that has an effect, and who made it.</summary>
    public IReadOnlyList<(SoftwareDeployment Deployment, Caller Caller)> Versions => versions;

    /// <summary>Whether a configuration that a change needs is locked by another transaction: then none of the changes is made.</summary>
    public bool IsConfigLocked { get; private set; }

    /// <summary>Whether the changes, or some that an earlier attempt stored, are to be signalled.</summary>
    public bool IsChanged { get; private set; }

    public void Add(PendingChange change) => changes.Add(change);

    /// <summary>Applies the changes in memory. May be called again, once more is known of the configurations.</summary>
    /// <param name="attempt">The attempt that is to store the changes.</param>
    /// <param name="stored">The changes that an earlier attempt has stored.</param>
    /// <param name="configs">The configurations that must exist.</param>
    public void Apply(CancellationTokenSource attempt, IReadOnlySet<PendingChange> stored, LockedConfigs configs)
    {
        (Current, IsConfigLocked, IsChanged) = (row, false, false);
        outcomes.Clear();
        versions.Clear();
        foreach (var change in changes)
        {
            if (change.TryTake(attempt))
            {
                Apply(change, stored.Contains(change), configs);
            }
            else if (change.IsAbandoned)
            {
                change.Fail(new UnavailableException()); // its caller may be waiting until nothing more is stored
            }
        }
    }

    /// <summary>Reports its outcome to each change, once what is to be stored is durable.</summary>
    public void Complete()
    {
        foreach (var (change, outcome, refusal) in outcomes)
        {
            if (outcome is null)
            {
                change.Fail(refusal!);
            }
            else
            {
                change.Succeed(outcome);
            }
        }
    }

    private void Apply(PendingChange change, bool isStored, LockedConfigs configs)
    {
        if (isStored)
        {
            outcomes.Add((change, new ChangeOutcome(Current), null));
            IsChanged = true;
            return;
        }

        var next = Current.Copy();
        try
        {
            if (!change.Apply(next))
            {
                outcomes.Add((change, new ChangeOutcome(next), null));
                return;
            }
        }
        catch (Exception refusal)
        {
            outcomes.Add((change, null, refusal));
            return;
        }

        if (change.References.RequireExisting && next.ConfigId != Current.ConfigId)
        {
            var config = configs.Require(next.ProjectId, next.ConfigId);
            IsConfigLocked |= config == ConfigState.Locked;
            if (config == ConfigState.Missing)
            {
                outcomes.Add((change, new ChangeOutcome(next, IsConfigMissing: true), null));
                return;
            }
        }

        (Current, IsChanged) = (next, true);
        change.LastAttempt = new(next.Version, next.ChangedTime);
        versions.Add((next, change.Caller));
        outcomes.Add((change, new ChangeOutcome(next), null));
    }
}
