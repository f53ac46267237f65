using Deployments.Infrastructure.Batching;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.Batching;

public sealed class QueueAdmissionTests
{
    private const int Initial = 100;
    private const int Reduced = 50;
    private const int InitialCapacity = QueueAdmission.QueueCapacityInGroups * Initial;
    private const int ReducedCapacity = QueueAdmission.QueueCapacityInGroups * Reduced;
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Interval = QueueAdmission.OverloadInterval;
    private static readonly TimeSpan MaxDelay = QueueAdmission.MaxQueueDelay;

    private ManualClock clock = null!;
    private AdaptiveBatchSize batchSize = null!;
    private QueueAdmission admission = null!;

    [SetUp]
    public void CreateAdmission()
    {
        clock = new ManualClock();
        batchSize = new AdaptiveBatchSize(10, Initial, 1_000);
        admission = new QueueAdmission(batchSize, clock);
    }

    [TestCase(InitialCapacity - 1, true)]
    [TestCase(InitialCapacity, false)]
    public void One_key_may_fill_the_queue_up_to_its_capacity(int queueLength, bool expected) =>
        admission.TryAdmit(Alone(queueLength)).ShouldBe(expected);

    [TestCase(2 * InitialCapacity - 1, true)]
    [TestCase(2 * InitialCapacity, false)]
    public void The_capacity_grows_with_the_groups(int queueLength, bool expected)
    {
        batchSize.GroupCompleted(Initial, Millisecond);

        admission.TryAdmit(Alone(queueLength)).ShouldBe(expected);
    }

    [TestCase(QueueAdmission.MaxTotalLength - 1, true)]
    [TestCase(QueueAdmission.MaxTotalLength, false)]
    public void One_key_may_fill_the_queue_up_to_its_total_length(long length, bool expected) =>
        admission.TryAdmit(new QueueLoad(1, length, 1, 1, length)).ShouldBe(expected);

    [TestCase(0, true)]
    [TestCase(InitialCapacity / 4 - 1, true)]
    [TestCase(InitialCapacity / 4, false)]
    public void A_full_queue_admits_keys_below_their_equal_share(int ownQueueLength, bool expected) =>
        admission.TryAdmit(new QueueLoad(InitialCapacity, 0, 4, ownQueueLength, 0)).ShouldBe(expected);

    [Test]
    public void A_queue_that_is_not_full_admits_keys_beyond_their_equal_share() =>
        admission.TryAdmit(new QueueLoad(InitialCapacity - 1, 0, 4, InitialCapacity / 2, 0)).ShouldBeTrue();

    [TestCase(2 * InitialCapacity - 1, true)]
    [TestCase(2 * InitialCapacity, false)]
    public void A_queue_of_twice_its_capacity_admits_no_key(int queueLength, bool expected) =>
        admission.TryAdmit(new QueueLoad(queueLength, 0, 4, 0, 0)).ShouldBe(expected);

    [TestCase(QueueAdmission.MaxTotalLength, QueueAdmission.MaxTotalLength / 4 - 1, true)]
    [TestCase(QueueAdmission.MaxTotalLength, QueueAdmission.MaxTotalLength / 4, false)]
    [TestCase(2 * QueueAdmission.MaxTotalLength, 0, false)]
    public void The_total_length_is_shared_like_the_capacity(long length, long ownLength, bool expected) =>
        admission.TryAdmit(new QueueLoad(1, length, 4, 1, ownLength)).ShouldBe(expected);

    [Test]
    public void A_key_that_fills_the_queue_leaves_room_and_a_place_in_the_next_group_to_another()
    {
        var queue = new BatchQueue<string>();
        while (admission.TryAdmit(queue.LoadFor("many")))
        {
            queue.TryAdd("many", "many", 1);
        }

        var isAdmitted = admission.TryAdmit(queue.LoadFor("few"));
        queue.TryAdd("few", "few", 1);
        var group = new List<string>();
        queue.TakeGroup(group, 2, int.MaxValue, _ => false);

        queue.LoadFor("many").OwnQueueLength.ShouldBe(InitialCapacity - 1);
        isAdmitted.ShouldBeTrue();
        group.ShouldBe(["many", "few"]);
    }

    [Test]
    public void Shedding_starts_after_the_interval_when_groups_are_reduced()
    {
        Reduce();
        BecomeBusy();

        clock.Move(Interval);
        var within = admission.TryShed(WaitingFor(MaxDelay + Millisecond));
        clock.Move(Millisecond);
        var after = admission.TryShed(WaitingFor(MaxDelay + Millisecond));

        (within, after).ShouldBe((false, true));
    }

    [Test]
    public void Groups_of_the_initial_size_are_not_shed()
    {
        BecomeBusy();

        clock.Move(Interval * 10);

        admission.TryShed(WaitingFor(MaxDelay * 10)).ShouldBeFalse();
        admission.TryAdmit(Alone(InitialCapacity - 1)).ShouldBeTrue();
    }

    [Test]
    public void Under_overload_only_entries_beyond_the_maximum_delay_are_shed()
    {
        Overload();

        admission.TryShed(WaitingFor(MaxDelay)).ShouldBeFalse();
        admission.TryShed(WaitingFor(MaxDelay + Millisecond)).ShouldBeTrue();
    }

    [Test]
    public void The_capacity_of_reduced_groups_falls_only_under_overload()
    {
        Reduce();
        BecomeBusy();
        admission.TryAdmit(Alone(InitialCapacity - 1)).ShouldBeTrue("not yet overloaded");

        clock.Move(Interval + Millisecond);

        admission.TryAdmit(Alone(ReducedCapacity - 1)).ShouldBeTrue();
        admission.TryAdmit(Alone(ReducedCapacity)).ShouldBeFalse();
    }

    [Test]
    public void A_queue_that_was_empty_starts_a_new_interval()
    {
        Overload();

        BecomeBusy();

        IsOverloaded().ShouldBeFalse();
    }

    [Test]
    public void A_queue_that_was_emptied_by_shedding_stays_overloaded()
    {
        Overload();
        admission.TryShed(WaitingFor(MaxDelay * 2)).ShouldBeTrue();
        admission.GroupTaken(0);

        BecomeBusy();

        IsOverloaded().ShouldBeTrue();
    }

    [Test]
    public void Shedding_goes_on_while_groups_are_full()
    {
        Overload();
        admission.TryShed(WaitingFor(MaxDelay * 2)).ShouldBeTrue();
        admission.GroupTaken(Reduced);
        admission.GroupTaken(Reduced);

        BecomeBusy();

        IsOverloaded().ShouldBeTrue();
    }

    [Test]
    public void Shedding_ends_with_a_group_that_is_not_full_and_shed_nothing()
    {
        Overload();
        admission.TryShed(WaitingFor(MaxDelay * 2)).ShouldBeTrue();
        admission.GroupTaken(Reduced);
        admission.GroupTaken(Reduced - 1);

        BecomeBusy();

        IsOverloaded().ShouldBeFalse();
    }

    [Test]
    public void Full_groups_that_shed_nothing_do_not_start_shedding()
    {
        Overload();
        admission.GroupTaken(Reduced);

        BecomeBusy();

        IsOverloaded().ShouldBeFalse();
    }

    [Test]
    public void Overload_ends_when_groups_have_their_initial_size_again()
    {
        Overload();

        batchSize.GroupCompleted(Reduced, Millisecond);

        IsOverloaded().ShouldBeFalse();
    }

    [Test]
    public void A_restarted_interval_ends_overload()
    {
        Overload();

        admission.RestartInterval();

        IsOverloaded().ShouldBeFalse();
    }

    private static QueueLoad Alone(int queueLength) => new(queueLength, 0, 1, queueLength, 0);

    private void Reduce() => batchSize.GroupCompleted(Initial, AdaptiveBatchSize.TargetGroupDuration * Initial / Reduced);

    private void BecomeBusy() => admission.TryAdmit(Alone(0)).ShouldBeTrue();

    private void Overload()
    {
        Reduce();
        BecomeBusy();
        clock.Move(Interval + Millisecond);
        IsOverloaded().ShouldBeTrue();
    }

    private bool IsOverloaded() => !admission.TryAdmit(Alone(ReducedCapacity));

    private long WaitingFor(TimeSpan delay) => (clock.GetUtcNow() - delay).UtcTicks;
}
