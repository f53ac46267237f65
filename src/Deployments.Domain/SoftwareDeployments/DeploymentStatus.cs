namespace Deployments.Domain.SoftwareDeployments;

/// <summary>How a deployment went, as its agent or orchestrator last said.</summary>
public enum DeploymentStatus
{
    InProgress,
    Complete,
    Failed,
}

/// <summary>The names a status has on the wire and in storage.</summary>
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

    /// <summary>The status of that name, byte for byte; null where there is none.</summary>
    public static DeploymentStatus? Parse(string? name)
    {
        var index = Array.FindIndex(Names, pair => pair.Name == name);
        return index < 0 ? null : Names[index].Status;
    }
}
