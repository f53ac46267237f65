using Deployments.Api.Authentication;
using Deployments.Api.Authentication.Jwt;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

/// <summary>The token of a long response is verified while the response lasts.</summary>
public sealed class TokenVerificationTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private FolderIssuer issuer = null!;
    private ManualClock clock = null!;
    private JwtValidator validator = null!;
    private TokenCache cache = null!;
    private TokenVerification verification = null!;

    [SetUp]
    public void Make()
    {
        issuer = new FolderIssuer();
        clock = issuer.Clock;
        validator = issuer.CreateValidator(NullLogger.Instance);
        cache = new TokenCache(validator, clock);
        verification = new TokenVerification(cache, new BearerOptions(), clock);
    }

    [TearDown]
    public void Delete()
    {
        cache.Dispose();
        validator.Dispose();
        issuer.Dispose();
    }

    [TestCase("Authorization", "Bearer ")]
    [TestCase("X-Auth-Token", "")]
    public async Task Token_is_invalid_from_the_second_of_its_expiry_whether_or_not_it_was_cached(string header, string prefix)
    {
        var life = TimeSpan.FromSeconds(50);
        var request = RequestWith(header, prefix + TokenOf(life));

        clock.Move(life - Second);
        (await verification.IsValidAsync(request)).ShouldBeTrue();
        cache.Count.ShouldBe(1);

        clock.Move(Second);
        (await verification.IsValidAsync(request)).ShouldBeFalse();
    }

    [Test]
    public async Task Token_is_invalid_once_its_key_is_withdrawn()
    {
        var request = RequestWith("X-Auth-Token", TokenOf(TimeSpan.FromHours(1)));
        (await verification.IsValidAsync(request)).ShouldBeTrue();

        File.Delete(issuer.KeyFile);
        clock.Move(TimeSpan.FromSeconds(10));

        (await verification.IsValidAsync(request)).ShouldBeFalse();
    }

    [Test]
    public async Task Token_whose_cached_validation_has_expired_is_validated_again()
    {
        var request = RequestWith("X-Auth-Token", TokenOf(TimeSpan.FromHours(1)));
        (await verification.IsValidAsync(request)).ShouldBeTrue();

        clock.Move(TimeSpan.FromMinutes(2));

        (await verification.IsValidAsync(request)).ShouldBeTrue();
    }

    private static HttpRequest RequestWith(string header, string value)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers[header] = value;
        return request;
    }

    private string TokenOf(TimeSpan life) => issuer.CreateToken("somebody", life);

    private sealed class BearerOptions : IOptionsMonitor<JwtBearerOptions>
    {
        public JwtBearerOptions CurrentValue { get; } = new();

        public JwtBearerOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<JwtBearerOptions, string?> listener) => null;
    }
}
