extern alias agent;

using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class ServiceClockTests
{
    private static readonly DateTimeOffset Date = new(2026, 11, 26, 10, 0, 0, TimeSpan.Zero);

    [TestCase(-365)]
    [TestCase(365)]
    public void Time_is_that_of_the_response_whatever_the_local_clock_is_set_to(int days)
    {
        var local = new SettableClock { Now = Date.AddDays(days) };
        var clock = new ServiceClock(local);
        using var response = new HttpResponseMessage();
        response.Headers.Date = Date;

        clock.Set(response);
        local.Elapsed += TimeSpan.FromSeconds(5);
        local.Now += TimeSpan.FromDays(days);

        clock.Now.ShouldBe(Date.AddSeconds(5));
    }

    [Test]
    public void Time_is_the_local_one_before_a_response_has_one()
    {
        var clock = new ServiceClock(new SettableClock { Now = Date });
        using var response = new HttpResponseMessage();

        clock.Set(response);

        clock.Now.ShouldBe(Date);
    }

    /// <summary>A clock that is set while time passes.</summary>
    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
