using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

/// <summary>What a stream of the change feed has, and what ends it.</summary>
public sealed class FollowChangeFeedTests
{
    private const int Epoch = 1;
    private const string Project = "project";
    private const int MaxItems = 100;

    private static readonly TimeSpan Bookmark = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private ManualClock clock = null!;
    private Feed feed = null!;
    private Watch watch = null!;
    private Sink sink = null!;

    private static IEnumerable<TestCaseData> Failures =>
    [
        new TestCaseData(new GoneException("gone")).SetArgDisplayNames("gone"),
        new TestCaseData(new UnavailableException()).SetArgDisplayNames("unavailable"),
    ];

    [SetUp]
    public void Make()
    {
        clock = new ManualClock();
        feed = new Feed();
        watch = new Watch();
        sink = new Sink();
    }

    [TearDown]
    public void Release() => watch.Dispose();

    [Test]
    public async Task Quiet_stream_has_a_bookmark_at_each_interval_with_the_position_up_to_which_nothing_matches_and_reads_nothing()
    {
        watch.Waits.Enqueue(time => Examine(time, 7));
        watch.Waits.Enqueue(time => Examine(time, 9));
        watch.Waits.Enqueue(_ => Stop(9));

        await FollowAsync();

        sink.Items.ShouldAllBe(item => item.Event == null);
        Positions().ShouldBe([0, 7, 9]);
        watch.Times.ShouldBe([Bookmark, Bookmark, Bookmark]);
        feed.Reads.ShouldBe(1);
        watch.IsDisposed.ShouldBeTrue();
    }

    [Test]
    public async Task Stream_ends_without_a_bookmark_at_the_first_interval_after_its_token_has_become_invalid()
    {
        watch.Waits.Enqueue(time => Examine(time, 7));
        watch.Waits.Enqueue(time =>
        {
            sink.IsAuthenticated = false;
            return Examine(time, 9);
        });

        await FollowAsync();

        Positions().ShouldBe([0, 7]);
        watch.IsDisposed.ShouldBeTrue();
    }

    [Test]
    public async Task Stream_that_is_never_quiet_is_verified_at_each_interval_too()
    {
        sink.IsAuthenticated = false;
        feed.Next = position => Chunk(position + 1, isEnd: false, position + 1);
        sink.Written = () => clock.Move(Second);

        await FollowAsync();

        // A write takes a second: after the first bookmark there are as many events as the interval has seconds.
        Positions().ShouldBe(Enumerable.Range(0, 1 + (int)Bookmark.TotalSeconds).Select(position => (ulong)position));
        watch.Times.ShouldBeEmpty();
    }

    [Test]
    public async Task Wake_before_the_interval_has_passed_writes_the_events_and_waits_for_the_rest_of_it()
    {
        watch.Waits.Enqueue(_ =>
        {
            clock.Move(Second);
            feed.Next = position => position == 0 ? Chunk(5, isEnd: true, 4, 5) : Chunk(position, isEnd: true);
            return null;
        });
        watch.Waits.Enqueue(_ => Stop(5));

        await FollowAsync();

        Positions().ShouldBe([0, 4, 5]);
        sink.Items.Select(item => item.Event is null).ShouldBe([true, false, false]);
        watch.Times.ShouldBe([Bookmark, Bookmark - Second]);
    }

    [Test]
    public async Task Stopping_service_ends_a_stream_after_the_events_that_were_read()
    {
        watch.IsStopping = true;
        feed.Next = position => position == 0 ? Chunk(5, isEnd: true, 4, 5) : Chunk(position, isEnd: true);
        watch.Waits.Enqueue(_ => new FeedPosition(5, default, 1));

        await FollowAsync();

        Positions().ShouldBe([0, 4, 5]);
    }

    [TestCaseSource(nameof(Failures))]
    public async Task Failure_before_the_stream_begins_is_thrown_and_nothing_is_written(Exception failure)
    {
        feed.Next = _ => throw failure;

        (await Should.ThrowAsync<Exception>(FollowAsync)).ShouldBeSameAs(failure);

        sink.Items.ShouldBeEmpty();
        watch.IsDisposed.ShouldBeTrue();
    }

    [TestCaseSource(nameof(Failures))]
    public async Task Failure_after_the_stream_has_begun_ends_it(Exception failure)
    {
        watch.Waits.Enqueue(_ =>
        {
            feed.Next = _ => throw failure;
            return null;
        });

        await FollowAsync();

        Positions().ShouldBe([0]);
        watch.IsDisposed.ShouldBeTrue();
    }

    [Test]
    public async Task Stream_ends_before_any_event_of_another_epoch()
    {
        watch.Waits.Enqueue(_ =>
        {
            feed.Next = position => Chunk(9, isEnd: true, 9) with { State = new FeedState(Epoch + 1, FeedPosition.Start, PositionExists: true) };
            return null;
        });

        await FollowAsync();

        Positions().ShouldBe([0]);
    }

    [Test]
    public async Task Stream_whose_client_is_gone_ends()
    {
        sink.Written = () => throw new OperationCanceledException();

        await FollowAsync();

        watch.IsDisposed.ShouldBeTrue();
    }

    private async Task FollowAsync()
    {
        var budgets = Options.Create(new TimeBudgets { Bookmark = Bookmark });
        using var turns = new ReadTurns(new RequestDeadline(budgets, TimeProvider.System), budgets, TimeProvider.System);
        var handler = new FollowChangeFeedHandler(new Waiter(watch), new SharedFeedReads(feed, turns), budgets, clock);
        await handler.Handle(new FollowChangeFeedQuery { ProjectId = Project, Sink = sink }, CancellationToken.None);
    }

    /// <summary>The time is up, and nothing that matches comes before this position.</summary>
    private FeedPosition? Examine(TimeSpan time, ulong position)
    {
        clock.Move(time);
        return new FeedPosition(position, default, 1);
    }

    private FeedPosition? Stop(ulong position)
    {
        watch.IsStopping = true;
        return new FeedPosition(position, default, 1);
    }

    private IEnumerable<ulong> Positions() => sink.Items.Select(item => FeedCursor.Decode(item.Cursor, Project)!.Value.Position.Transaction);

    private static FeedChunk Chunk(ulong last, bool isEnd, params ulong[] events) => new(
        [.. events.Select(position => new FeedEntry(new FeedPosition(position, default, 1), Event()))],
        last == 0 ? FeedPosition.Start : new FeedPosition(last, default, 1),
        isEnd,
        new FeedState(Epoch, FeedPosition.Start, PositionExists: true),
        new FeedHorizon(last, last));

    private static FeedEventDto Event() => new()
    {
        Type = FeedEventType.Created,
        DeploymentId = Guid.Empty,
        Version = 1,
        Time = DateTimeOffset.UnixEpoch,
        ServerId = "server",
        ConfigId = "config",
        Action = null,
        Status = DeploymentStatus.InProgress,
        StatusReason = null,
        Actor = "actor",
        RequestId = "request",
    };

    /// <summary>A feed that has no event unless a test says so.</summary>
    private sealed class Feed : IChangeFeed
    {
        public Func<ulong, FeedChunk> Next { get; set; } = position => Chunk(position, isEnd: true);

        public int Reads { get; private set; }

        public async Task<FeedChunk> ReadAsync(FeedFilter filter, FeedPosition? after, int count, bool descending, CancellationToken cancellationToken)
        {
            Reads++;
            return Next(after?.Transaction ?? 0);
        }
    }

    private sealed class Waiter(Watch watch) : IChangeWaiter
    {
        public IFeedWatch WatchFeed(FeedFilter filter) => watch;

        public IDeploymentWatch WatchDeployment(string projectId, Guid id) => throw new NotSupportedException();

        public IFeedWatch WatchAgent(string projectId, Guid agentId, string serverId) => throw new NotSupportedException();
    }

    /// <summary>A watch whose waits end at once, each as the test says.</summary>
    private sealed class Watch : IFeedWatch
    {
        private bool isHeld;

        public Queue<Func<TimeSpan, FeedPosition?>> Waits { get; } = [];

        public List<TimeSpan> Times { get; } = [];

        public bool IsStopping { get; set; }

        public bool IsDisposed { get; private set; }

        public void Hold() => isHeld = true;

        public async Task<FeedPosition?> WaitAsync(FeedChunk read, TimeSpan time, CancellationToken cancellationToken)
        {
            isHeld.ShouldBeTrue();
            Times.Add(time);
            return Waits.Dequeue()(time);
        }

        public void Dispose() => IsDisposed = true;
    }

    private sealed class Sink : IFeedSink
    {
        public List<FeedItem> Items { get; } = [];

        public bool IsAuthenticated { get; set; } = true;

        public Action Written { get; set; } = () => { };

        public async Task WriteAsync(IReadOnlyList<FeedItem> items, CancellationToken cancellationToken)
        {
            Items.AddRange(items);
            Items.Count.ShouldBeLessThan(MaxItems, "The stream does not end.");
            Written();
        }

        public Task<bool> IsAuthenticatedAsync() => Task.FromResult(IsAuthenticated);
    }
}
