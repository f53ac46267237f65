using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.ChangeFeed;

/// <summary>
/// Reads the change feed of a project: every creation, change and deletion of the deployments that it may see, in an order that never
/// changes. Each call ends soon after its token fires: with its result, or with <see cref="UnavailableException"/>.
/// </summary>
public interface IChangeFeed
{
    /// <summary>
    /// The first events after a position that match. Where many do not match, or their texts are long, it ends early: the next call
    /// continues from <see cref="FeedChunk.Last"/>. Every event that is committed from now on, or cannot be read yet, comes after the newest.
    /// </summary>
    /// <param name="filter">Which events.</param>
    /// <param name="after">Only those after this position; in descending order only those before it, null for the newest.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="descending">Newest first.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<FeedChunk> ReadAsync(FeedFilter filter, FeedPosition? after, int count, bool descending, CancellationToken cancellationToken);
}

/// <summary>Which events to read: those of the project that match every given value exactly.</summary>
/// <param name="ProjectId">The project that asks.</param>
/// <param name="ServerId">The server, or null for any.</param>
/// <param name="ConfigId">The configuration at that time, or null for any.</param>
/// <param name="DeploymentId">The deployment, or null for any.</param>
/// <param name="Status">The status at that time, or null for any.</param>
public sealed record FeedFilter(
    string ProjectId, string? ServerId = null, string? ConfigId = null, Guid? DeploymentId = null, DeploymentStatus? Status = null)
{
    /// <summary>Whether some events may not match.</summary>
    public bool HasCriteria => (ServerId, ConfigId, DeploymentId, Status) is not (null, null, null, null);

    /// <summary>Whether an event matches.</summary>
    public bool Matches(FeedEventDto entry) =>
        (ServerId is null || ServerId == entry.ServerId)
        && (ConfigId is null || ConfigId == entry.ConfigId)
        && (DeploymentId is null || DeploymentId == entry.DeploymentId)
        && (Status is null || Status == entry.Status);
}

/// <summary>A part of the feed, and what is known about it.</summary>
/// <param name="Events">The events that match, in the order that was requested.</param>
/// <param name="Last">The position of the last event that was examined; the given one where there was none.</param>
/// <param name="IsEnd">Whether nothing comes after <paramref name="Last"/> yet.</param>
/// <param name="State">What a cursor is judged by.</param>
/// <param name="Horizon">The transactions of its snapshot.</param>
public sealed record FeedChunk(IReadOnlyList<FeedEntry> Events, FeedPosition Last, bool IsEnd, FeedState State, FeedHorizon Horizon);

/// <summary>An event and its place in the feed.</summary>
/// <param name="Position">The place.</param>
/// <param name="Event">The event.</param>
public sealed record FeedEntry(FeedPosition Position, FeedEventDto Event);

/// <summary>The transactions of a snapshot.</summary>
/// <param name="Oldest">The oldest that is still open: every event below it can be read.</param>
/// <param name="Next">The first that had not begun.</param>
public readonly record struct FeedHorizon(ulong Oldest, ulong Next);

/// <summary>What a cursor is judged by, read in the same snapshot as the events.</summary>
/// <param name="Epoch">The present life of the database.</param>
/// <param name="Floor">The position of the newest event that was purged.</param>
/// <param name="PositionExists">Whether there is an event at the position that was read from.</param>
public readonly record struct FeedState(int Epoch, FeedPosition Floor, bool PositionExists);
