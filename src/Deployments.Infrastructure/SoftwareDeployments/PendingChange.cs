using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>A change of a deployment, and the caller who waits for it.</summary>
internal sealed class PendingChange(Func<SoftwareDeployment, bool> change, Caller caller, ConfigReferences references)
{
    private readonly TaskCompletionSource<ChangeOutcome> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Func<SoftwareDeployment, bool> Change => change;

    public Caller Caller => caller;

    public ConfigReferences References => references;

    public Task<ChangeOutcome> Completion => completion.Task;

    /// <summary>The version that an attempt has written, whose commit may be unknown.</summary>
    public int? StoredVersion { get; set; }

    /// <summary>Whether it is stored without others: a group that it was in has failed.</summary>
    public bool IsAlone { get; set; }

    public void Succeed(ChangeOutcome outcome) => completion.TrySetResult(outcome);

    public void Fail(Exception exception) => completion.TrySetException(exception);
}
