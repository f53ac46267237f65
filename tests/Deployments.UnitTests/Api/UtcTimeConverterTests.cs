using System.Text.Json;
using Deployments.Api.Json;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class UtcTimeConverterTests
{
    private static readonly JsonSerializerOptions Options = new() { Converters = { new UtcTimeConverter(TimeFormat.Utc) } };
    private static readonly JsonSerializerOptions Zoneless = new() { Converters = { new UtcTimeConverter(TimeFormat.Zoneless) } };

    [TestCase("2015-01-31T15:12:36Z", "2015-01-31T15:12:36Z")]
    [TestCase("2015-01-31T15:12:36.9999999Z", "2015-01-31T15:12:36Z")]
    [TestCase("2015-01-31T15:12:36+02:00", "2015-01-31T13:12:36Z")]
    [TestCase("2015-01-01T00:30:00.5+01:00", "2014-12-31T23:30:00Z")]
    [TestCase("2015-12-31T23:30:00-05:30", "2016-01-01T05:00:00Z")]
    [TestCase("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [TestCase("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59Z")]
    public void Write_returns_UTC_in_whole_seconds(string time, string expected)
    {
        var json = JsonSerializer.Serialize(DateTimeOffset.Parse(time), Options);

        json.ShouldBe($"\"{expected}\"");
    }

    [TestCase("2015-01-31T15:12:36Z", "2015-01-31T15:12:36")]
    [TestCase("2015-01-31T15:12:36.9999999Z", "2015-01-31T15:12:36")]
    [TestCase("2015-12-31T23:30:00-05:30", "2016-01-01T05:00:00")]
    public void Write_in_zoneless_format_omits_the_Z(string time, string expected)
    {
        var json = JsonSerializer.Serialize(DateTimeOffset.Parse(time), Zoneless);

        json.ShouldBe($"\"{expected}\"");
    }

    [Test]
    public void Read_returns_the_written_time()
    {
        var time = new DateTimeOffset(2015, 1, 31, 15, 12, 36, TimeSpan.Zero);

        var read = JsonSerializer.Deserialize<DateTimeOffset>(JsonSerializer.Serialize(time, Options), Options);

        read.ShouldBe(time);
        read.Offset.ShouldBe(TimeSpan.Zero);
    }
}
