using Deployments.Infrastructure.Postgres;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

public sealed class RetryDelayTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Test]
    public void Next_is_half_to_all_of_a_delay_that_doubles_up_to_its_limit()
    {
        var delay = new RetryDelay(Second, Second * 5);

        foreach (var whole in new[] { 1, 2, 4, 5, 5 })
        {
            delay.Next().ShouldBeInRange(Second * whole / 2, Second * whole);
        }
    }

    [Test]
    public void Next_is_seldom_the_same_twice()
    {
        var delays = Enumerable.Range(0, 1_000).Select(_ => new RetryDelay(Second, Second).Next()).ToList();

        delays.Distinct().Count().ShouldBeGreaterThan(900);
    }
}
