using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Infrastructure.GroupedReads;

/// <summary>A deployment to read, and the waiting caller.</summary>
/// <param name="projectId">The project that asks.</param>
/// <param name="id">The deployment's id.</param>
internal sealed class PendingRead(string projectId, Guid id)
{
    private readonly TaskCompletionSource<SoftwareDeployment?> found = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string ProjectId => projectId;

    public Guid Id => id;

    /// <summary>Whether its caller has a result, or has stopped waiting.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Why the last attempt failed; null if none did.</summary>
    public Exception? LastFailure { get; set; }

    /// <summary>Waits for the deployment; null if the project has none of that id.</summary>
    /// <exception cref="UnavailableException">The token fired.</exception>
    public async Task<SoftwareDeployment?> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await found.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException late) when (!found.Task.IsCompleted)
        {
            throw new UnavailableException(LastFailure ?? late);
        }
        finally
        {
            IsOver = true;
        }
    }

    public void Succeed(SoftwareDeployment? deployment)
    {
        IsOver = true;
        found.TrySetResult(deployment);
    }

    public void Fail(Exception exception)
    {
        IsOver = true;
        if (found.TrySetException(exception))
        {
            _ = found.Task.Exception; // nobody may be waiting for it
        }
    }
}
