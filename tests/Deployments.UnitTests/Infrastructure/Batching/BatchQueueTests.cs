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
    public void A_group_takes_the_entries_of_a_key_in_their_order()
    {
        Add("a", "a1", "a2", "a3");

        Take().ShouldBe(["a1", "a2", "a3"]);
    }

    [Test]
    public void A_group_takes_one_entry_of_each_key_in_turn()
    {
        Add("a", "a1", "a2", "a3", "a4");
        Add("b", "b1", "b2");
        Add("c", "c1");

        Take().ShouldBe(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    }

    [Test]
    public void The_next_group_goes_on_with_the_key_whose_turn_it_is()
    {
        Add("a", "a1", "a2", "a3");
        Add("b", "b1", "b2");

        Take(maxGroupSize: 1).ShouldBe(["a1"]);
        Take(maxGroupSize: 2).ShouldBe(["b1", "a2"]);
        Take(maxGroupSize: 2).ShouldBe(["b2", "a3"]);
    }

    [Test]
    public void A_key_that_comes_back_has_its_turn_after_those_that_wait()
    {
        Add("a", "a1");
        Add("b", "b1", "b2");
        Take(maxGroupSize: 1).ShouldBe(["a1"]);

        Add("a", "a2");

        Take().ShouldBe(["b1", "a2", "b2"]);
    }

    [Test]
    public void A_key_takes_the_place_of_one_that_is_done_and_keeps_apart_from_it()
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
    public void A_group_ends_at_its_size()
    {
        Add("a", "a1", "a2", "a3");

        Take(maxGroupSize: 2).ShouldBe(["a1", "a2"]);
        Take(maxGroupSize: 2).ShouldBe(["a3"]);
    }

    [Test]
    public void A_group_ends_with_the_entry_that_reaches_its_length()
    {
        queue.TryAdd("a", "a1", 60);
        queue.TryAdd("a", "a2", 60);
        queue.TryAdd("a", "a3", 1_000);

        Take(maxGroupLength: 100).ShouldBe(["a1", "a2"]);
        Take(maxGroupLength: 100).ShouldBe(["a3"]);
    }

    [Test]
    public void Dropped_entries_are_removed_and_take_no_place_in_the_group()
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
    public void The_load_counts_what_waits_in_all_and_of_a_key()
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
    public async Task Waiting_ends_when_an_entry_is_added()
    {
        var waiting = queue.WaitToTakeAsync();
        var hadToWait = !waiting.IsCompleted;

        Add("a", "a1", "a2");

        hadToWait.ShouldBeTrue();
        (await waiting.WaitAsync(TimeSpan.FromSeconds(5))).ShouldBeTrue();
        (await queue.WaitToTakeAsync()).ShouldBeTrue();
    }

    [Test]
    public async Task A_complete_queue_takes_no_entries_and_gives_out_those_that_wait()
    {
        Add("a", "a1");

        queue.Complete();

        queue.TryAdd("a", "a2", 1).ShouldBeFalse();
        (await queue.WaitToTakeAsync()).ShouldBeTrue();
        Take().ShouldBe(["a1"]);
        (await queue.WaitToTakeAsync()).ShouldBeFalse();
    }

    [Test]
    public async Task Waiting_ends_when_the_queue_is_completed()
    {
        var waiting = queue.WaitToTakeAsync();

        queue.Complete();

        (await waiting.WaitAsync(TimeSpan.FromSeconds(5))).ShouldBeFalse();
    }

    [Test]
    public async Task Every_entry_of_many_threads_is_taken_once_and_in_the_order_of_its_key()
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
        while (await queue.WaitToTakeAsync().WaitAsync(TimeSpan.FromSeconds(30)))
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
