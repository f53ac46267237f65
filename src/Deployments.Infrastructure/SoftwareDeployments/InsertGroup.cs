using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;

namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>Stores groups of new deployments, each by one statement.</summary>
internal sealed class InsertGroup(GroupConnections connections, ChangeSignal signal) : IGroupCommand<PendingInsert>
{
    private readonly InsertDeploymentsCommand insert = new();

    public bool IsUsable => insert.IsUsable;

    public bool IsSent => insert.IsSent;

    /// <remarks>Its rows are locked by nobody else before they exist. It is not cancelled once it is sent: it is for many callers.</remarks>
    public async Task<IReadOnlyList<PendingInsert>> StoreAsync(List<PendingInsert> group, CancellationTokenSource attempt)
    {
        group.Sort(PendingInsert.CompareByIdempotencyKey);
        group.ForEach(entry => insert.Add(entry.Row));
        var existing = await insert.StoreAsync(connections, attempt.Token);
        DeploymentMetrics.GroupSize.Record(group.Count);
        signal.Created(group.Select(entry => entry.Row.Deployment));
        group.ForEach(entry => entry.Succeed(!existing.Contains(entry.Row.Deployment.Id)));
        return [];
    }

    public ValueTask DisposeAsync() => insert.DisposeAsync();
}
