using Deployments.Infrastructure.Batching;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.Batching;

public sealed class AdaptiveBatchSizeTests
{
    private const int Min = 10;
    private const int Initial = 100;
    private const int Max = 350;
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Target = AdaptiveBatchSize.TargetGroupDuration;

    private AdaptiveBatchSize batchSize = null!;

    [SetUp]
    public void CreateBatchSize() => batchSize = new AdaptiveBatchSize(Min, Initial, Max);

    [Test]
    public void Before_the_first_group_the_size_is_the_initial_size() => batchSize.MaxGroupSize.ShouldBe(Initial);

    [TestCase(100, 2, 50)]
    [TestCase(100, 4, 25)]
    [TestCase(40, 2, 20)]
    [TestCase(100, 1000, Min)]
    [TestCase(Min, 2, Min)]
    public void A_group_beyond_the_target_duration_shrinks_the_size_to_what_meets_it(int groupSize, int timesTarget, int expected)
    {
        batchSize.GroupCompleted(groupSize, Target * timesTarget);

        batchSize.MaxGroupSize.ShouldBe(expected);
    }

    [Test]
    public void A_group_below_the_minimum_that_takes_long_changes_nothing()
    {
        batchSize.GroupCompleted(Min - 1, Target * 100);

        batchSize.MaxGroupSize.ShouldBe(Initial);
    }

    [TestCase(0.5, 200)]
    [TestCase(0.51, Initial)]
    [TestCase(1, Initial)]
    public void A_full_group_grows_the_size_only_up_to_half_the_target_duration(double timesTarget, int expected)
    {
        batchSize.GroupCompleted(Initial, Target * timesTarget);

        batchSize.MaxGroupSize.ShouldBe(expected);
    }

    [Test]
    public void Full_groups_double_the_size_up_to_the_maximum()
    {
        var sizes = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            batchSize.GroupCompleted(batchSize.MaxGroupSize, Quick);
            sizes.Add(batchSize.MaxGroupSize);
        }

        sizes.ShouldBe([200, Max, Max]);
    }

    [Test]
    public void Groups_that_are_not_full_double_the_size_up_to_the_initial_size()
    {
        batchSize.GroupCompleted(Initial, Target * 3);
        var sizes = new List<int> { batchSize.MaxGroupSize };
        for (var i = 0; i < 3; i++)
        {
            batchSize.GroupCompleted(1, Quick);
            sizes.Add(batchSize.MaxGroupSize);
        }

        sizes.ShouldBe([33, 66, Initial, Initial]);
    }

    [Test]
    public void Groups_that_are_not_full_keep_a_size_beyond_the_initial_size()
    {
        batchSize.GroupCompleted(Initial, Quick);

        batchSize.GroupCompleted(Initial, Quick);

        batchSize.MaxGroupSize.ShouldBe(200);
    }

    [Test]
    public void An_empty_group_changes_nothing()
    {
        batchSize.GroupCompleted(Initial, Target * 2);

        batchSize.GroupCompleted(0, Quick);

        batchSize.MaxGroupSize.ShouldBe(50);
    }

    [Test]
    public void An_unknown_outcome_halves_the_size_down_to_the_minimum()
    {
        var sizes = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            batchSize.OutcomeUnknown();
            sizes.Add(batchSize.MaxGroupSize);
        }

        sizes.ShouldBe([50, 25, 12, Min]);
    }
}
