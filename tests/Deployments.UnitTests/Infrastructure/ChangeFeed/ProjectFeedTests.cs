using Deployments.Application.ChangeFeed;
using Deployments.Infrastructure.ChangeFeed;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.ChangeFeed;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProjectFeedTests
{
    private static readonly FeedPosition Origin = new(5, Guid.Empty, 1);
    private static readonly FeedPosition Further = new(9, Guid.Empty, 1);

    private readonly ProjectFeed feed = new("project");

    [SetUp]
    public void Join() => feed.TryJoin(Chunk(Origin)).ShouldBeTrue();

    [Test]
    public void Feed_without_a_signal_is_not_read() => feed.IsReadable(ulong.MaxValue, now: 0).ShouldBeFalse();

    [Test]
    public void Signal_whose_transactions_have_all_ended_needs_one_read()
    {
        feed.Signal();
        feed.IsReadable(horizon: 0, now: 0).ShouldBeTrue();

        Read(oldest: 10, next: 10);

        feed.IsPending.ShouldBeFalse();
    }

    [Test]
    public void Signal_above_the_horizon_is_read_again_only_when_the_horizon_moves()
    {
        feed.Signal();

        Read(oldest: 7, next: 10);

        feed.IsPending.ShouldBeTrue();
        feed.IsReadable(horizon: 7, now: 0).ShouldBeFalse();
        feed.IsReadable(horizon: 8, now: 0).ShouldBeTrue();
        Read(oldest: 8, next: 12);
        feed.IsPending.ShouldBeTrue();
        Read(oldest: 10, next: 15);
        feed.IsPending.ShouldBeFalse();
    }

    [Test]
    public void Signal_during_a_read_needs_another()
    {
        feed.Signal();
        var from = feed.BeginRead();

        feed.Signal();
        feed.EndRead(from, Chunk(Further, 10, 10));

        feed.IsPending.ShouldBeTrue();
        feed.IsReadable(horizon: 10, now: 0).ShouldBeTrue();
    }

    [Test]
    public void Feed_that_is_queued_is_not_read_twice_and_one_that_could_not_be_read_only_after_a_pause()
    {
        feed.Signal();
        feed.NotBefore = 5;
        feed.IsReadable(horizon: 10, now: 4).ShouldBeFalse();
        feed.IsReadable(horizon: 10, now: 5).ShouldBeTrue();

        feed.IsQueued = true;

        feed.IsReadable(horizon: 10, now: 5).ShouldBeFalse();
    }

    [Test]
    public void Horizon_that_has_gone_back_begins_the_feed_anew()
    {
        feed.Signal();
        Read(oldest: 10, next: 10);
        feed.Signal();

        feed.EndRead(feed.BeginRead(), Chunk(Origin, 6, 6));

        feed.Position.ShouldBe(Origin);
        feed.TryJoin(Chunk(Origin, 6, 6)).ShouldBeTrue();
    }

    [Test]
    public void Chunk_that_is_not_the_end_leaves_the_feed_pending()
    {
        feed.Signal();

        Read(oldest: 10, next: 10, isEnd: false);

        feed.IsPending.ShouldBeTrue();
    }

    [Test]
    public void Watch_that_has_read_less_than_the_feed_reads_again_and_one_that_has_read_more_joins()
    {
        feed.Signal();
        Read(oldest: 10, next: 10);

        feed.TryJoin(Chunk(Origin, 9, 9)).ShouldBeFalse();
        feed.TryJoin(Chunk(Further, 9, 9)).ShouldBeTrue();
        feed.TryJoin(Chunk(new FeedPosition(20, Guid.Empty, 1), 21, 21)).ShouldBeTrue();
    }

    [Test]
    public void Watch_that_has_read_less_than_the_feed_in_a_later_snapshot_joins_as_the_events_between_are_gone()
    {
        feed.Signal();
        Read(oldest: 10, next: 10);

        feed.TryJoin(Chunk(Origin, 12, 12)).ShouldBeTrue();

        feed.Position.ShouldBe(Origin);
    }

    [Test]
    public void First_watch_whose_snapshot_has_open_transactions_makes_the_feed_pending()
    {
        var fresh = new ProjectFeed("project");

        fresh.TryJoin(Chunk(Origin, 7, 10)).ShouldBeTrue();

        fresh.IsPending.ShouldBeTrue();
        fresh.IsReadable(horizon: 7, now: 0).ShouldBeFalse();
        fresh.IsReadable(horizon: 8, now: 0).ShouldBeTrue();
        fresh.EndRead(fresh.BeginRead(), Chunk(Further, 10, 12));
        fresh.IsPending.ShouldBeFalse();
    }

    [Test]
    public void Watch_of_a_later_epoch_begins_the_feed_anew_and_one_of_an_earlier_epoch_reads_again()
    {
        feed.Signal();
        Read(oldest: 10, next: 10);

        feed.TryJoin(Chunk(new FeedPosition(3, Guid.Empty, 1), 4, 4, epoch: 2)).ShouldBeTrue();

        feed.Position.ShouldBe(new FeedPosition(3, Guid.Empty, 1));
        feed.TryJoin(Chunk(Further, 10, 10)).ShouldBeFalse();
    }

    private static FeedChunk Chunk(FeedPosition last, ulong oldest = 6, ulong next = 6, bool isEnd = true, int epoch = 1) =>
        new([], last, isEnd, new FeedState(epoch, FeedPosition.Start, PositionExists: true), new FeedHorizon(oldest, next));

    private void Read(ulong oldest, ulong next, bool isEnd = true) =>
        feed.EndRead(feed.BeginRead(), Chunk(Further, oldest, next, isEnd));
}
