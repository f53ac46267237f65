using Deployments.Client;

namespace Deployments.WebConsole.Pages;

/// <summary>What is deployed to a server now, and what was: of each configuration's name the newest deployment is the present one.</summary>
internal static class ServerState
{
    // Those who act by themselves, not because somebody asked.
    private static readonly string[] OwnActors = ["agent", "deadline", "retention"];

    /// <param name="newestFirst">The newest events of the server, newest first.</param>
    /// <param name="names">The names of their configurations.</param>
    /// <returns>The deployments that exist, newest first.</returns>
    public static IReadOnlyList<ServerDeployment> Read(IReadOnlyList<FeedEvent> newestFirst, ConfigNames names)
    {
        var present = new HashSet<string>(StringComparer.Ordinal);
        return
        [
            .. from entry in newestFirst
               group entry by entry.DeploymentId into events
               where events.First().Type != FeedEventType.Deleted
               orderby events.Key.ToString() descending // the order of creation
               let config = names.Of(events.First().ConfigId)
               select new ServerDeployment(
                   events.Key,
                   config,
                   events.First().Status,
                   events.TakeWhile(entry => entry.Status == events.First().Status).Last().Time,
                   events.FirstOrDefault(entry => !OwnActors.Contains(entry.Actor))?.Actor,
                   IsPast: !present.Add(config.Label)),
        ];
    }
}

/// <summary>A deployment of a server.</summary>
/// <param name="Id">The deployment.</param>
/// <param name="Config">The configuration that it applies.</param>
/// <param name="Status">Its status.</param>
/// <param name="Since">Since when it has had it, as far as the events reach back.</param>
/// <param name="RequestedBy">Who asked for it last; null if that is too long ago.</param>
/// <param name="IsPast">Whether a newer one applies a configuration of the same name.</param>
public sealed record ServerDeployment(Guid Id, AppliedConfig Config, DeploymentStatus Status, DateTimeOffset Since, string? RequestedBy, bool IsPast);
