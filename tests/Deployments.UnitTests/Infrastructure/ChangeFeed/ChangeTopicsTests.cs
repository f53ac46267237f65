using Deployments.Infrastructure.ChangeFeed;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure.ChangeFeed;

public sealed class ChangeTopicsTests
{
    private const int MaxPayload = 7_999; // of PostgreSQL

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(700)]
    [TestCase(701)]
    [TestCase(5_000)]
    public void Topics_are_read_as_they_were_written_in_payloads_that_PostgreSQL_takes(int count)
    {
        var topics = Enumerable.Range(0, count).Select(_ => ChangeTopics.OfDeployment(Guid.NewGuid())).ToList();

        var payloads = ChangeTopics.Encode(7, topics);

        payloads.ShouldAllBe(payload => payload.Length <= MaxPayload);
        var read = payloads.Select(ChangeTopics.Decode).ToList();
        read.ShouldAllBe(one => one.Sender == 7);
        read.SelectMany(one => one.Topics).ShouldBe(topics);
    }

    [TestCase("")]
    [TestCase("banana")]
    [TestCase("***********")]
    public void Malformed_payload_has_no_topic(string payload) => ChangeTopics.Decode(payload).Topics.ShouldBeEmpty();

    [Test]
    public void Topics_of_equal_projects_are_equal_and_others_differ()
    {
        ChangeTopics.OfProject("a").ShouldBe(ChangeTopics.OfProject("a"));
        ChangeTopics.OfProject("a").ShouldNotBe(ChangeTopics.OfProject("b"));
    }
}
