using Deployments.Infrastructure.Retention;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.Retention;

/// <summary>How long the database is left to the callers.</summary>
public sealed class RetentionPaceTests
{
    [TestCase(0, 0)]
    [TestCase(30, 420)]
    [TestCase(357, 4998)]
    [TestCase(358, 5000)]
    [TestCase(4000, 5000)]
    public void Work_is_followed_by_fourteen_times_as_long_and_five_seconds_at_most(int work, int idle) =>
        RetentionPace.IdleTimeAfter(TimeSpan.FromMilliseconds(work)).ShouldBe(TimeSpan.FromMilliseconds(idle));
}
