using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public sealed class ActorsTests
{
    [TestCase("alice", "alice")]
    [TestCase("", "")]
    [TestCase("deadline", "user:deadline")]
    [TestCase("agent", "user:agent")]
    [TestCase("retention", "user:retention")]
    [TestCase("Deadline", "Deadline")]
    [TestCase("deadlines", "deadlines")]
    [TestCase("user:deadline", "user:user:deadline")]
    [TestCase("user:", "user:user:")]
    public void Subject_that_could_be_taken_for_the_service_has_a_prefix(string subject, string actor) =>
        Actors.FromSubject(subject).ShouldBe(actor);
}
