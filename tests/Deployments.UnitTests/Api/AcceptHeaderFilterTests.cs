using Deployments.Api.Mvc.Filters;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public sealed class AcceptHeaderFilterTests
{
    [TestCase("", 1)]
    [TestCase(" ", 1)]
    [TestCase("*/*", 1)]
    [TestCase("text/*;q=0.4", 0.4)]
    [TestCase("text/event-stream;q=0.3", 0.3)]
    [TestCase("TEXT/Event-Stream", 1)]
    [TestCase("text/event-stream;charset=utf-8", 1)]
    [TestCase("*/*;q=0.9, text/*;q=0.5, text/event-stream;q=0.1", 0.1)]
    [TestCase("*/*, text/event-stream;q=0", 0)]
    [TestCase("*/*;q=0, text/*", 1)]
    [TestCase("application/json", 0)]
    [TestCase("banana", 0)]
    public void Most_specific_range_decides_how_much_a_type_is_wanted(string accept, double quality) =>
        AcceptHeaderFilter.QualityOf("text/event-stream", [accept]).ShouldBe(quality);

    [Test]
    public void Type_is_wanted_without_the_header() => AcceptHeaderFilter.QualityOf("text/event-stream", []).ShouldBe(1);
}
