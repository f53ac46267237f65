using Deployments.Application.Retention;
using Deployments.Infrastructure.Retention;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.Retention;

public class DaySumTests
{
    [Test]
    public void Sum_is_taken_once_when_its_day_is_over()
    {
        var clock = new ManualClock();
        var day = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        var sum = new DaySum(clock);
        sum.Add(new RetentionCount(2, 1));
        sum.Add(new RetentionCount(3, 0));

        sum.TakeIfOver().ShouldBeNull();
        clock.Move(TimeSpan.FromDays(1));
        sum.TakeIfOver().ShouldBe((day, new RetentionCount(5, 1)));
        sum.TakeIfOver().ShouldBeNull();
        clock.Move(TimeSpan.FromDays(1));
        sum.TakeIfOver().ShouldBe((day.AddDays(1), default(RetentionCount)));
    }
}
