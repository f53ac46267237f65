using Deployments.Application.Common;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;

namespace Deployments.Application.ChangeFeed;

/// <summary>
/// Events of a project's change feed, in an order that never changes. The filters are exact and all must hold.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="GoneException"/> when something after the cursor is lost,
/// <see cref="UnavailableException"/> when the database does not respond or too many wait.
/// </summary>
public sealed record ReadChangeFeedQuery : IRequest<FeedPage>, IHeldRequest
{
    /// <summary>A cursor that stands for the present end of the feed.</summary>
    public const string Now = "now";

    /// <summary>The longest wait, in seconds: proxies give up at 60.</summary>
    public const int MaxWait = 50;

    internal const int DefaultLimit = 100;

    /// <summary>The project that asks, already authorised.</summary>
    public required string ProjectId { get; init; }

    /// <summary>The <see cref="FeedPage.Next"/> of an earlier page, or <see cref="Now"/>; null for the oldest event that is kept.</summary>
    public string? After { get; init; }

    /// <summary>1 to 1,000 events; null for 100.</summary>
    public int? Limit { get; init; }

    /// <summary>1 to 50 seconds to wait for an event; null not to wait.</summary>
    public int? Wait { get; init; }

    /// <summary>The order: asc or desc; null for asc.</summary>
    public string? Order { get; init; }

    /// <summary>Only those of this server.</summary>
    public string? ServerId { get; init; }

    /// <summary>Only those with this configuration.</summary>
    public string? ConfigId { get; init; }

    /// <summary>Only those of this deployment.</summary>
    public Guid? DeploymentId { get; init; }

    /// <summary>Only those with this status: COMPLETE, IN_PROGRESS or FAILED.</summary>
    public string? Status { get; init; }
}

/// <summary>A part of the feed.</summary>
/// <param name="Events">The events; none where there is nothing that matches.</param>
/// <param name="Next">The cursor to continue from.</param>
public sealed record FeedPage(IReadOnlyList<FeedEventDto> Events, string Next);

internal sealed class ReadChangeFeedValidator : AbstractValidator<ReadChangeFeedQuery>
{
    public ReadChangeFeedValidator()
    {
        RuleFor(query => query.After).IsFeedCursor(query => query.ProjectId);
        RuleFor(query => query.Limit).IsPageLimit();
        RuleFor(query => query.Wait).IsWait();
        RuleFor(query => query.Wait).Null().When(query => query.Order == SortDirections.Descending)
            .WithMessage("{PropertyPath} cannot be combined with order=desc.");
        RuleFor(query => query.Order).IsOneOf(SortDirections.All);
        RuleFor(query => query.Status).IsDeploymentStatus();
    }
}

internal sealed class ReadChangeFeedHandler(
    IChangeFeed feed, IChangeWaiter waiter, SharedFeedReads sharedReads, RequestDeadline deadline, TimeProvider clock)
    : IRequestHandler<ReadChangeFeedQuery, FeedPage>
{
    // Of all events of a page together: a search does not collect more than one statement returns.
    private const int MaxReasonLength = 512 * 1024;

    // How long a page looks for events that match before it returns what it has.
    private static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(1);

    public async Task<FeedPage> Handle(ReadChangeFeedQuery query, CancellationToken cancellationToken)
    {
        var filter = new FeedFilter(
            query.ProjectId, query.ServerId, query.ConfigId, query.DeploymentId, DeploymentStatusNames.Parse(query.Status));
        return query switch
        {
            { Wait: { } seconds } => await WaitAsync(query, filter, TimeSpan.FromSeconds(seconds), cancellationToken),
            { After: ReadChangeFeedQuery.Now } => Page(
                [], await deadline.RunAsync(token => sharedReads.FindEndAsync(query.ProjectId, token), cancellationToken)),
            _ => await deadline.RunAsync(token => ReadAsync(query, filter, token), cancellationToken),
        };

        FeedPage Page(IReadOnlyList<FeedEventDto> events, FeedCursor cursor) => new(events, cursor.Encode(query.ProjectId));
    }

    private async Task<FeedPage> ReadAsync(ReadChangeFeedQuery query, FeedFilter filter, CancellationToken cancellationToken)
    {
        var (started, cursor, events) = (clock.GetTimestamp(), FeedCursor.Decode(query.After, query.ProjectId), new List<FeedEventDto>());
        var limit = query.Limit ?? ReadChangeFeedQuery.DefaultLimit;
        var isDescending = query.Order == SortDirections.Descending;
        while (true)
        {
            var chunk = await feed.ReadAsync(filter, cursor?.Position, limit - events.Count, isDescending, cancellationToken);
            var current = Advance(cursor, chunk, isDescending);
            events.AddRange(chunk.Events.Select(entry => entry.Event));
            if (chunk.IsEnd
                || events.Count == limit
                || (events.Count > 0 && !filter.HasCriteria)
                || clock.GetElapsedTime(started) > SearchTime
                || events.Sum(entry => entry.StatusReason?.Length ?? 0) > MaxReasonLength)
            {
                return new FeedPage(events, current.Encode(query.ProjectId));
            }

            cursor = current;
        }
    }

    private async Task<FeedPage> WaitAsync(ReadChangeFeedQuery query, FeedFilter filter, TimeSpan time, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        using var watch = waiter.WatchFeed(filter);
        var cursor = query.After == ReadChangeFeedQuery.Now ? await sharedReads.FindEndAsync(query.ProjectId, cancellationToken) : FeedCursor.Decode(query.After, query.ProjectId);
        while (true)
        {
            var chunk = await sharedReads.ReadAsync(filter, cursor?.Position, query.Limit ?? ReadChangeFeedQuery.DefaultLimit, cancellationToken);
            var current = Advance(cursor, chunk);
            cursor = current;
            var remaining = time - clock.GetElapsedTime(started);
            if (chunk.Events.Count > 0 || remaining <= TimeSpan.Zero || watch.IsStopping)
            {
                return new FeedPage([.. chunk.Events.Select(entry => entry.Event)], current.Encode(query.ProjectId));
            }

            watch.Hold();
            if (chunk.IsEnd && await watch.WaitAsync(chunk, remaining, cancellationToken) is { } examined)
            {
                return new FeedPage([], (current with { Position = examined }).Encode(query.ProjectId));
            }
        }
    }

    private static FeedCursor Advance(FeedCursor? cursor, FeedChunk chunk, bool isDescending = false)
    {
        cursor?.EnsureUsable(chunk.State, isDescending);
        return cursor is { } given
            ? given with { Position = chunk.Last }
            : new FeedCursor(chunk.State.Epoch, chunk.Last, chunk.State.Floor);
    }
}
