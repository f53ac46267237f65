namespace Deployments.Domain.SoftwareDeployments;

/// <summary>The state of a deployment, as its agent or orchestrator last reported it.</summary>
public enum DeploymentStatus
{
    InProgress,
    Complete,
    Failed,
}

/// <summary>The names of the statuses, on the wire and in the database.</summary>
public static class DeploymentStatusNames
{
    private static readonly (DeploymentStatus Status, string Name)[] Names =
    [
        (DeploymentStatus.Complete, "COMPLETE"),
        (DeploymentStatus.InProgress, "IN_PROGRESS"),
        (DeploymentStatus.Failed, "FAILED"),
    ];

    public static IReadOnlyList<string> All { get; } = [.. Names.Select(pair => pair.Name)];

    public static string ToName(this DeploymentStatus status) => Array.Find(Names, pair => pair.Status == status).Name
        ?? throw new ArgumentOutOfRangeException(nameof(status), status, "No such status.");

    /// <summary>The status with exactly this name; null if there is none.</summary>
    public static DeploymentStatus? Parse(string? name)
    {
        var index = Array.FindIndex(Names, pair => pair.Name == name);
        return index < 0 ? null : Names[index].Status;
    }
}
