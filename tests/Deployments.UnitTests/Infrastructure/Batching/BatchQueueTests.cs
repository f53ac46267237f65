using Deployments.Infrastructure.Batching;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.Batching;

public sealed class BatchQueueTests
{
    private const int Unlimited = int.MaxValue;

    private BatchQueue<string> queue = null!;

    [SetUp]
    public void CreateQueue() => queue = new BatchQueue<string>();

    [Test]
    public void TakeGroup_returns_the_entries_of_a_key_in_order()
    {
        Add("a", "a1", "a2", "a3");

        Take().ShouldBe(["a1", "a2", "a3"]);
    }

    [Test]
    public void TakeGroup_returns_one_entry_of_each_key_in_turn()
    {
        Add("a", "a1", "a2", "a3", "a4");
        Add("b", "b1", "b2");
        Add("c", "c1");

        Take().ShouldBe(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    }

    [Test]
    public void TakeGroup_continues_with_the_key_after_that_of_the_last_group()
    {
        Add("a", "a1", "a2", "a3");
        Add("b", "b1", "b2");

        Take(maxGroupSize: 1).ShouldBe(["a1"]);
        Take(maxGroupSize: 2).ShouldBe(["b1", "a2"]);
        Take(maxGroupSize: 2).ShouldBe(["b2", "a3"]);
    }

    [Test]
    public void TakeGroup_returns_a_key_that_was_emptied_and_added_again_after_the_waiting_keys()
    {
        Add("a", "a1");
        Add("b", "b1", "b2");
        Take(maxGroupSize: 1).ShouldBe(["a1"]);

        Add("a", "a2");

        Take().ShouldBe(["b1", "a2", "b2"]);
    }

    [Test]
    public void LoadFor_and_TakeGroup_keep_keys_apart_after_an_earlier_key_was_emptied()
    {
        Add("a", "a1");
        Take();
        Add("b", "b1");
        Add("a", "a2");

        queue.LoadFor("b").ShouldBe(new QueueLoad(QueueLength: 2, TotalLength: 2, Keys: 2, OwnQueueLength: 1, OwnTotalLength: 1));
        Take().ShouldBe(["b1", "a2"]);
        queue.LoadFor("c").ShouldBe(new QueueLoad(QueueLength: 0, TotalLength: 0, Keys: 1, OwnQueueLength: 0, OwnTotalLength: 0));
    }

    [Test]
    public void TakeGroup_stops_at_the_maximum_size()
    {
        Add("a", "a1", "a2", "a3");

        Take(maxGroupSize: 2).ShouldBe(["a1", "a2"]);
        Take(maxGroupSize: 2).ShouldBe(["a3"]);
    }

    [Test]
    public void TakeGroup_stops_after_the_entry_that_reaches_the_maximum_length()
    {
        queue.TryAdd("a", "a1", 60);
        queue.TryAdd("a", "a2", 60);
        queue.TryAdd("a", "a3", 1_000);

        Take(maxGroupLength: 100).ShouldBe(["a1", "a2"]);
        Take(maxGroupLength: 100).ShouldBe(["a3"]);
    }

    [Test]
    public void TakeGroup_removes_dropped_entries_without_counting_them()
    {
        queue.TryAdd("a", "abandoned", 1_000);
        queue.TryAdd("a", "a1", 1);
        queue.TryAdd("a", "a2", 1);
        queue.TryAdd("a", "abandoned", 1_000);

        Take(maxGroupSize: 2, maxGroupLength: 100).ShouldBe(["a1", "a2"]);
        Take().ShouldBeEmpty();
        queue.LoadFor("a").QueueLength.ShouldBe(0);
    }

    [Test]
    public void LoadFor_counts_the_waiting_entries_in_total_and_of_the_key()
    {
        queue.TryAdd("a", "a1", 10);
        queue.TryAdd("a", "a2", 20);
        queue.TryAdd("b", "b1", 40);

        queue.LoadFor("a").ShouldBe(new QueueLoad(QueueLength: 3, TotalLength: 70, Keys: 2, OwnQueueLength: 2, OwnTotalLength: 30));
        queue.LoadFor("c").ShouldBe(new QueueLoad(QueueLength: 3, TotalLength: 70, Keys: 3, OwnQueueLength: 0, OwnTotalLength: 0));
        Take(maxGroupSize: 1);
        queue.LoadFor("a").ShouldBe(new QueueLoad(QueueLength: 2, TotalLength: 60, Keys: 2, OwnQueueLength: 1, OwnTotalLength: 20));
    }

    [Test]
    public async Task WaitToTake_returns_true_when_an_entry_is_added()
    {
        var waiting = queue.WaitToTakeAsync();
        var hadToWait = !waiting.IsCompleted;

        Add("a", "a1", "a2");

        hadToWait.ShouldBeTrue();
        (await waiting.WaitAsync(TimeSpan.FromMinutes(2))).ShouldBeTrue();
        (await queue.WaitToTakeAsync()).ShouldBeTrue();
    }

    [Test]
    public async Task TryAdd_after_Complete_returns_false_and_waiting_entries_are_still_taken()
    {
        Add("a", "a1");

        queue.Complete();

        queue.TryAdd("a", "a2", 1).ShouldBeFalse();
        (await queue.WaitToTakeAsync()).ShouldBeTrue();
        Take().ShouldBe(["a1"]);
        (await queue.WaitToTakeAsync()).ShouldBeFalse();
    }

    [Test]
    public async Task WaitToTake_returns_false_when_the_queue_is_completed()
    {
        var waiting = queue.WaitToTakeAsync();

        queue.Complete();

        (await waiting.WaitAsync(TimeSpan.FromMinutes(2))).ShouldBeFalse();
    }

    [Test]
    public async Task Concurrent_adds_are_each_taken_once_in_the_order_of_their_key()
    {
        const int keys = 8;
        const int each = 5_000;
        var producers = Task.WhenAll(Enumerable.Range(0, keys).Select(key => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
            {
                queue.TryAdd($"{key}", $"{key}:{i}", 1).ShouldBeTrue();
            }
        })));
        _ = producers.ContinueWith(_ => queue.Complete(), TaskScheduler.Default);

        var taken = new List<string>();
        while (await queue.WaitToTakeAsync().WaitAsync(TimeSpan.FromMinutes(2)))
        {
            taken.AddRange(Take(maxGroupSize: 100));
        }

        await producers;
        taken.GroupBy(entry => entry.Split(':')[0]).Count().ShouldBe(keys);
        taken.GroupBy(entry => entry.Split(':')[0])
            .ShouldAllBe(own => own.SequenceEqual(Enumerable.Range(0, each).Select(i => $"{own.Key}:{i}")));
    }

    private void Add(string key, params string[] entries)
    {
        foreach (var entry in entries)
        {
            queue.TryAdd(key, entry, 1).ShouldBeTrue();
        }
    }

    private List<string> Take(int maxGroupSize = Unlimited, int maxGroupLength = Unlimited)
    {
        var group = new List<string>();
        queue.TakeGroup(group, maxGroupSize, maxGroupLength, entry => entry == "abandoned");
        return group;
    }
}
