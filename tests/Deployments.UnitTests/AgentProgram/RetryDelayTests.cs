extern alias agent;

using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class RetryDelayTests
{
    [Test]
    public void Pauses_double_up_to_a_minute_each_shortened_by_half_at_most()
    {
        var delay = new RetryDelay();

        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            delay.Next().TotalSeconds.ShouldBeInRange(seconds / 2.0, seconds);
        }

        delay.Reset();
        delay.Next().TotalSeconds.ShouldBeInRange(0.5, 1);
    }

    [TestCase(-1, 0)]
    [TestCase(0, 0)]
    [TestCase(30, 30)]
    [TestCase(3_600, 3_600)]
    [TestCase(1_000_000_000, 3_600)]
    public void Pause_is_no_shorter_than_the_response_asks_for_up_to_an_hour(int requested, int seconds) =>
        new RetryDelay().Next(TimeSpan.FromSeconds(requested)).TotalSeconds.ShouldBeInRange(seconds + 0.5, seconds + 1);
}
