using System.Text;
using Deployments.Api.Mvc.Binding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class PercentEncodingTests
{
    [TestCase("", "")]
    [TestCase("server-1", "server-1")]
    [TestCase("a/b", "a/b")]
    [TestCase("a%2Fb%2fc", "a/b/c")]
    [TestCase("a+b", "a+b")]
    [TestCase("%41", "A")]
    [TestCase("%252F", "%2F")] // once, not twice
    [TestCase("%C3%BC", "ü")]
    [TestCase("%f0%9f%9a%80", "🚀")]
    [TestCase("🚀", "🚀")]
    [TestCase("🚀%20ü", "🚀 ü")]
    [TestCase("%00", "\0")]
    public void DecodeToBytes_decodes_text_once(string encoded, string text) =>
        Encoding.UTF8.GetString(PercentEncoding.DecodeToBytes(encoded)).ShouldBe(text);

    [TestCase("%")]
    [TestCase("%4")]
    [TestCase("a%")]
    [TestCase("%zz")]
    [TestCase("%4g")]
    [TestCase("% 1")]
    [TestCase("%+1")]
    [TestCase("%-1")]
    [TestCase("%1 ")]
    public void DecodeToBytes_keeps_invalid_escapes(string text) =>
        Encoding.UTF8.GetString(PercentEncoding.DecodeToBytes(text)).ShouldBe(text);

    [Test]
    public void DecodeToBytes_decodes_an_escape_at_the_end() =>
        PercentEncoding.DecodeToBytes("a%41").ShouldBe("aA"u8.ToArray());

    [Test]
    public void DecodeToBytes_returns_bytes_that_are_not_UTF_8() =>
        PercentEncoding.DecodeToBytes("a%ff%C3").ShouldBe([(byte)'a', 0xFF, 0xC3]);

    [TestCase("/v1/p/x%2Fy", "/v1/p/x%2Fy")]
    [TestCase("/v1/p?marker=%41", "/v1/p")]
    [TestCase("/v1/p?a=/b?c", "/v1/p")]
    [TestCase("/?", "/")]
    public void RawPath_is_encoded_and_without_the_query(string target, string path)
    {
        var context = new DefaultHttpContext();
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;

        context.Request.RawPath().ShouldBe(path);
    }
}
