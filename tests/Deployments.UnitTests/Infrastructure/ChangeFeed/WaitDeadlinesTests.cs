using Deployments.Infrastructure.ChangeFeed;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.ChangeFeed;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WaitDeadlinesTests
{
    private readonly WaitDeadlines deadlines = new();

    [Test]
    public void A_wait_ends_when_its_time_is_up_and_not_before()
    {
        var watch = Wait(until: 10);

        deadlines.EndWaits(9);
        watch.IsWaiting.ShouldBeTrue();

        deadlines.EndWaits(10);
        watch.IsWaiting.ShouldBeFalse();
    }

    [Test]
    public void Waits_end_in_the_order_of_their_deadlines_whatever_the_order_in_which_they_began()
    {
        var (late, early) = (Wait(until: 30), Wait(until: 20));

        deadlines.EndWaits(25);

        (early.IsWaiting, late.IsWaiting).ShouldBe((false, true));
    }

    [Test]
    public void A_watch_that_was_woken_and_waits_longer_ends_at_its_later_deadline()
    {
        var watch = Wait(until: 10);
        watch.EndWait();
        Wait(watch, until: 20);

        deadlines.EndWaits(10);
        watch.IsWaiting.ShouldBeTrue();

        deadlines.EndWaits(20);
        watch.IsWaiting.ShouldBeFalse();
    }

    [Test]
    public void A_watch_that_was_woken_and_waits_shorter_ends_at_its_earlier_deadline_and_can_wait_again()
    {
        var watch = Wait(until: 20);
        watch.EndWait();
        Wait(watch, until: 10);

        deadlines.EndWaits(10);
        watch.IsWaiting.ShouldBeFalse();

        Wait(watch, until: 30);
        deadlines.EndWaits(20);
        watch.IsWaiting.ShouldBeTrue();

        deadlines.EndWaits(30);
        watch.IsWaiting.ShouldBeFalse();
    }

    [Test]
    public void A_watch_that_does_not_wait_any_more_is_left_alone()
    {
        var watch = Wait(until: 10);
        watch.EndWait();

        deadlines.EndWaits(10);

        watch.Ends.ShouldBe(1);
    }

    [Test]
    public void A_watch_that_waits_again_and_again_is_queued_once()
    {
        var watch = Wait(until: 10);
        for (var until = 11; until < 100; until++)
        {
            watch.EndWait();
            Wait(watch, until);
        }

        deadlines.Count.ShouldBe(1);
    }

    private Watch Wait(long until) => Wait(new Watch(), until);

    private Watch Wait(Watch watch, long until)
    {
        (watch.IsWaiting, watch.Deadline) = (true, until);
        deadlines.Add(watch);
        return watch;
    }

    private sealed class Watch : ITimedWatch
    {
        public bool IsWaiting { get; set; }

        public long Deadline { get; set; }

        public long? QueuedUntil { get; set; }

        public int Ends { get; private set; }

        public void EndWait()
        {
            IsWaiting = false;
            Ends++;
        }
    }
}
