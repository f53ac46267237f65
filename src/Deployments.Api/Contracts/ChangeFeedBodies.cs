using Deployments.Application.ChangeFeed;

namespace Deployments.Api.Contracts;

/// <summary>A part of a project's change feed.</summary>
public sealed record ChangeFeedEnvelope
{
    /// <summary>The events, in the order of the feed; none where there is nothing that matches.</summary>
    public required IReadOnlyList<FeedEventDto> Events { get; init; }

    /// <summary>The cursor to continue from, as <c>after</c> of the next request. Opaque; it is good with any filter, and outlives restarts.</summary>
    public required string Next { get; init; }
}
