using Deployments.Client;

namespace Deployments.WebConsole.Components;

/// <summary>How a status is called in addresses and in style classes, and for people.</summary>
internal static class StatusNames
{
    public static IReadOnlyList<DeploymentStatus> All { get; } = [DeploymentStatus.Failed, DeploymentStatus.InProgress, DeploymentStatus.Complete];

    public static string Of(DeploymentStatus status) => status switch
    {
        DeploymentStatus.Complete => "complete",
        DeploymentStatus.Failed => "failed",
        _ => "in_progress",
    };

    public static string Label(DeploymentStatus status) => status switch
    {
        DeploymentStatus.Complete => "Complete",
        DeploymentStatus.Failed => "Failed",
        _ => "In progress",
    };

    /// <returns>Null for any other text.</returns>
    public static DeploymentStatus? Parse(string? name) => All.Cast<DeploymentStatus?>().FirstOrDefault(status => Of(status!.Value) == name);
}
