using Deployments.Application.Common;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;
using Microsoft.Extensions.Options;

namespace Deployments.Application.ChangeFeed;

/// <summary>
/// A project's change feed as it grows, written to a sink until the caller is gone, its token is no longer valid, or the service stops.
/// Throws, before anything is written, <see cref="InvalidRequestException"/> with every broken rule, <see cref="GoneException"/> when something
/// after the cursor is lost, <see cref="UnavailableException"/> when the database does not respond or too many wait. Where that happens later,
/// it ends: whoever continues from the last cursor gets the error.
/// </summary>
public sealed record FollowChangeFeedQuery : IRequest, IHeldRequest
{
    /// <summary>The name of the header in which a caller that comes back has the cursor of the last event that it received.</summary>
    public const string LastEventIdHeader = "Last-Event-ID";

    internal const int EventsAtOnce = 100;

    /// <summary>The project that asks, already authorised.</summary>
    public required string ProjectId { get; init; }

    /// <summary>A cursor, or <see cref="ReadChangeFeedQuery.Now"/>; null for the oldest event that is kept.</summary>
    public string? After { get; init; }

    /// <summary>The cursor of the last event that was received; it is used in place of <see cref="After"/>.</summary>
    public string? LastEventId { get; init; }

    /// <summary>Only those of this server.</summary>
    public string? ServerId { get; init; }

    /// <summary>Only those with this configuration.</summary>
    public string? ConfigId { get; init; }

    /// <summary>Only those of this deployment.</summary>
    public Guid? DeploymentId { get; init; }

    /// <summary>Only those with this status: COMPLETE, IN_PROGRESS or FAILED.</summary>
    public string? Status { get; init; }

    /// <summary>Where the events are written.</summary>
    public required IFeedSink Sink { get; init; }
}

/// <summary>The caller that follows a feed.</summary>
public interface IFeedSink
{
    /// <summary>Writes events, and returns when the caller is ready for more.</summary>
    /// <param name="items">The events, in their order.</param>
    /// <param name="cancellationToken">Fires when the caller is gone.</param>
    Task WriteAsync(IReadOnlyList<FeedItem> items, CancellationToken cancellationToken);

    /// <summary>Whether the caller's token is still valid.</summary>
    Task<bool> IsAuthenticatedAsync();
}

/// <summary>An event, or a bookmark.</summary>
/// <param name="Cursor">Where to continue after it.</param>
/// <param name="Event">Null for a bookmark: there is no event before this cursor that was not written.</param>
public sealed record FeedItem(string Cursor, FeedEventDto? Event);

internal sealed class FollowChangeFeedValidator : AbstractValidator<FollowChangeFeedQuery>
{
    public FollowChangeFeedValidator()
    {
        RuleFor(query => query.After).IsFeedCursor(query => query.ProjectId);
        RuleFor(query => query.LastEventId).IsFeedCursor(query => query.ProjectId, FollowChangeFeedQuery.LastEventIdHeader);
        RuleFor(query => query.Status).IsDeploymentStatus();
    }
}

internal sealed class FollowChangeFeedHandler(
    IChangeWaiter waiter, SharedFeedReads sharedReads, IOptions<TimeBudgets> budgets, TimeProvider clock)
    : IRequestHandler<FollowChangeFeedQuery>
{
    public async Task<Unit> Handle(FollowChangeFeedQuery query, CancellationToken cancellationToken)
    {
        var filter = new FeedFilter(
            query.ProjectId, query.ServerId, query.ConfigId, query.DeploymentId, DeploymentStatusNames.Parse(query.Status));
        using var watch = waiter.WatchFeed(filter);
        var after = query.LastEventId ?? query.After;
        var given = after == ReadChangeFeedQuery.Now ? await sharedReads.FindEndAsync(query.ProjectId, cancellationToken) : FeedCursor.Decode(after, query.ProjectId);
        var chunk = await ReadAsync(given?.Position);
        var cursor = given ?? new FeedCursor(chunk.State.Epoch, FeedPosition.Start, chunk.State.Floor);
        cursor.EnsureUsable(chunk.State);
        watch.Hold();
        try
        {
            await WriteBookmarkAsync();
            await FollowAsync();
        }
        catch (Exception exception) when (exception is GoneException or UnavailableException or OperationCanceledException)
        {
            // The stream ends. A client that continues from its last cursor gets this error.
        }

        return Unit.Value;

        async Task FollowAsync()
        {
            for (var verified = clock.GetTimestamp(); ;)
            {
                if (chunk.Events.Count > 0)
                {
                    await query.Sink.WriteAsync(
                        [.. chunk.Events.Select(entry => new FeedItem(Encode(cursor with { Position = entry.Position }), entry.Event))], cancellationToken);
                }

                cursor = cursor with { Position = chunk.Last };
                chunk = chunk with { Events = [] }; // it may wait for long
                var isExamined = false;
                var remaining = budgets.Value.Bookmark - clock.GetElapsedTime(verified);
                if (chunk.IsEnd && remaining > TimeSpan.Zero && await watch.WaitAsync(chunk, remaining, cancellationToken) is { } examined)
                {
                    (cursor, chunk, isExamined) = (cursor with { Position = examined }, chunk with { Last = examined }, true);
                }

                if (clock.GetElapsedTime(verified) >= budgets.Value.Bookmark)
                {
                    if (!await query.Sink.IsAuthenticatedAsync())
                    {
                        return;
                    }

                    verified = clock.GetTimestamp();
                    await WriteBookmarkAsync();
                }

                if (watch.IsStopping)
                {
                    return;
                }

                // Where the time was up there is nothing to read: it waits again.
                if (!isExamined)
                {
                    chunk = await ReadAsync(cursor.Position);
                    cursor.EnsureUsable(chunk.State);
                }
            }
        }

        Task<FeedChunk> ReadAsync(FeedPosition? position) =>
            sharedReads.ReadAsync(filter, position, FollowChangeFeedQuery.EventsAtOnce, cancellationToken);

        Task WriteBookmarkAsync() => query.Sink.WriteAsync([new FeedItem(Encode(cursor), Event: null)], cancellationToken);

        string Encode(FeedCursor position) => position.Encode(query.ProjectId);
    }
}
