namespace Deployments.Application.ChangeFeed;

/// <summary>The place of an event in the feed of its project.</summary>
/// <param name="Transaction">The transaction that wrote it, or the later one that had changed the deployment before.</param>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Version">The version that the change made.</param>
public readonly record struct FeedPosition(ulong Transaction, Guid DeploymentId, int Version)
{
    /// <summary>Before every event.</summary>
    public static readonly FeedPosition Start;

    /// <summary>Whether one comes after the other.</summary>
    public static bool operator >(FeedPosition left, FeedPosition right) => left.CompareTo(right) > 0;

    /// <summary>Whether one comes before the other.</summary>
    public static bool operator <(FeedPosition left, FeedPosition right) => left.CompareTo(right) < 0;

    private int CompareTo(FeedPosition other) =>
        Transaction.CompareTo(other.Transaction) is not 0 and var byTransaction ? byTransaction
        : DeploymentId.CompareTo(other.DeploymentId) is not 0 and var byDeployment ? byDeployment
        : Version.CompareTo(other.Version);
}
