using Deployments.Application.Common.Errors;

namespace Deployments.Application.ChangeFeed;

/// <summary>
/// Wakes those that wait for a change, whichever instance makes it. A watch begins before the first read, so that nothing falls between
/// the read and the wait. A waiter holds memory, and no database connection.
/// </summary>
public interface IChangeWaiter
{
    /// <summary>Begins to watch a project's feed.</summary>
    /// <param name="filter">Which events.</param>
    /// <returns>The watch, which ends when it is disposed.</returns>
    IFeedWatch WatchFeed(FeedFilter filter);

    /// <summary>Begins to watch one deployment.</summary>
    /// <param name="projectId">The project that asks.</param>
    /// <param name="id">The deployment.</param>
    /// <returns>The watch, which ends when it is disposed.</returns>
    IDeploymentWatch WatchDeployment(string projectId, Guid id);

    /// <summary>Begins to watch what concerns an agent: the events of its server, and its revocation, at which a wait ends as at an event.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="agentId">The agent.</param>
    /// <param name="serverId">Its server.</param>
    /// <returns>The watch, which ends when it is disposed.</returns>
    IFeedWatch WatchAgent(string projectId, Guid agentId, string serverId);
}

/// <summary>A watch of a project's feed.</summary>
public interface IFeedWatch : IDisposable
{
    /// <summary>Whether the service stops: then what there is is the response.</summary>
    bool IsStopping { get; }

    /// <summary>Counts the caller among the requests that are held, until it ends its watch. It comes before the first wait.</summary>
    /// <exception cref="UnavailableException">As many are held as may be.</exception>
    void Hold();

    /// <summary>Waits until there may be events that match. One caller at a time; it may return at once.</summary>
    /// <param name="read">What was read last.</param>
    /// <param name="time">How long.</param>
    /// <param name="cancellationToken">Fires when the caller no longer waits.</param>
    /// <returns>
    /// Null when the feed is to be read again; when the time is up, or the service stops, the position up to which no event matches.
    /// </returns>
    Task<FeedPosition?> WaitAsync(FeedChunk read, TimeSpan time, CancellationToken cancellationToken);
}

/// <summary>A watch of one deployment.</summary>
public interface IDeploymentWatch : IDisposable
{
    /// <summary>Counts the caller among the requests that are held, until it ends its watch. It comes before the first wait.</summary>
    /// <exception cref="UnavailableException">As many are held as may be.</exception>
    void Hold();

    /// <summary>Waits until the deployment may have changed. One caller at a time; it may return at once.</summary>
    /// <param name="ownerProjectId">The project that owns it.</param>
    /// <param name="version">The version that was read.</param>
    /// <param name="time">How long.</param>
    /// <param name="cancellationToken">Fires when the caller no longer waits.</param>
    /// <returns>Whether it is to be read again; false when the time is up, or the service stops.</returns>
    Task<bool> WaitAsync(string ownerProjectId, int version, TimeSpan time, CancellationToken cancellationToken);
}
