using Deployments.Infrastructure.Batching;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

public sealed class KeyedQueueTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly KeyedQueue<string> queue = new();

    [Test]
    public async Task One_key_lets_its_callers_through_one_after_another_in_their_order()
    {
        var order = new List<int>();
        var first = await queue.EnterAsync("a", CancellationToken.None);
        var others = Enumerable.Range(1, 20).Select(async number =>
        {
            using var turn = await queue.EnterAsync("a", CancellationToken.None);
            order.Add(number);
        }).ToList();
        order.ShouldBeEmpty();

        first.Dispose();
        await Task.WhenAll(others).WaitAsync(Limit);

        order.ShouldBe(Enumerable.Range(1, 20));
    }

    [Test]
    public async Task Another_key_does_not_wait()
    {
        using var one = await queue.EnterAsync("a", CancellationToken.None);

        using var other = await queue.EnterAsync("b", CancellationToken.None).WaitAsync(Limit);

        queue.Count.ShouldBe(2);
    }

    [Test]
    public async Task Caller_who_leaves_lets_the_next_one_through_and_keeps_nothing()
    {
        using var leaving = new CancellationTokenSource();
        var first = await queue.EnterAsync("a", CancellationToken.None);
        var second = queue.EnterAsync("a", leaving.Token);
        var third = queue.EnterAsync("a", CancellationToken.None);

        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => second);
        first.Dispose();
        (await third.WaitAsync(Limit)).Dispose();

        queue.Count.ShouldBe(0);
    }
}
