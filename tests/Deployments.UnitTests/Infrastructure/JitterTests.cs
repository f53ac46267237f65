using Deployments.Infrastructure.Postgres;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

public sealed class JitterTests
{
    [Test]
    public void Of_a_delay_is_half_to_all_of_it_and_seldom_the_same_twice()
    {
        var delay = TimeSpan.FromSeconds(1);

        var delays = Enumerable.Range(0, 1_000).Select(_ => Jitter.Of(delay)).ToList();

        delays.ShouldAllBe(one => one >= delay / 2 && one <= delay);
        delays.Distinct().Count().ShouldBeGreaterThan(900);
    }
}
