using Deployments.Client;

namespace Deployments.WebConsole.Pages;

/// <summary>What is deployed to a server now, and what was: of each configuration's name the newest deployment is the present one.</summary>
internal static class ServerState
{
    // Those who act by themselves, not because somebody asked.
    private static readonly string[] OwnActors = ["agent", "deadline", "retention"];

    /// <param name="newestFirst">The server's deployments, newest first.</param>
    /// <param name="events">The newest events of the server, newest first.</param>
    /// <param name="names">The names of their configurations.</param>
    public static IReadOnlyList<ServerDeployment> Read(
        IReadOnlyList<SoftwareDeployment> newestFirst, IReadOnlyList<FeedEvent> events, ConfigNames names)
    {
        var eventsOf = events.ToLookup(entry => entry.DeploymentId);
        var present = new HashSet<string>(StringComparer.Ordinal);
        return
        [
            .. newestFirst.Select(deployment =>
            {
                var config = names.Of(deployment.ConfigId);
                return new ServerDeployment(
                    deployment,
                    config,
                    Since(deployment, eventsOf[deployment.Id]),
                    eventsOf[deployment.Id].FirstOrDefault(entry => !OwnActors.Contains(entry.Actor))?.Actor,
                    IsPast: !present.Add(config.Label));
            }),
        ];
    }

    /// <summary>Since when it has had its status, as far as the events reach back.</summary>
    private static DateTimeOffset Since(SoftwareDeployment deployment, IEnumerable<FeedEvent> newestFirst) =>
        newestFirst.TakeWhile(entry => entry.Status == deployment.Status).LastOrDefault()?.Time ?? deployment.UpdatedTime ?? deployment.CreationTime;
}

/// <summary>A deployment of a server.</summary>
/// <param name="Deployment">The deployment.</param>
/// <param name="Config">The configuration that it applies.</param>
/// <param name="Since">Since when it has had its status.</param>
/// <param name="RequestedBy">Who asked for it last; null if that is too long ago.</param>
/// <param name="IsPast">Whether a newer one applies a configuration of the same name.</param>
public sealed record ServerDeployment(SoftwareDeployment Deployment, AppliedConfig Config, DateTimeOffset Since, string? RequestedBy, bool IsPast);
