using System.Security.Cryptography;
using Deployments.Api.Authentication;
using Deployments.Api.Authentication.Jwt;
using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Options;
using Deployments.Application.Common;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

/// <summary>The token of a long response is verified while the response lasts.</summary>
public sealed class TokenVerificationTests
{
    private const string Issuer = "https://issuer.example";
    private const string Audience = "deployments";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private ECDsa key = null!;
    private DirectoryInfo folder = null!;
    private ManualClock clock = null!;
    private JwtValidator validator = null!;
    private TokenCache cache = null!;
    private TokenVerification verification = null!;

    [SetUp]
    public void Make()
    {
        key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        folder = Directory.CreateTempSubdirectory("token-verification-");
        File.WriteAllText(KeyFile, key.ExportSubjectPublicKeyInfoPem());
        clock = new ManualClock();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Issuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Audience,
            ["Authentication:PublicKeys"] = folder.FullName,
        }).Build();
        var sources = TrustedIssuerConfiguration.Read(TokenAuthenticationOptions.Read(configuration), development: false, clock, NullLogger.Instance);
        validator = new JwtValidator(sources, authority: null, defaultRole: "reader", new TimeBudgets(), NullLogger<JwtValidator>.Instance);
        cache = new TokenCache(validator, clock);
        verification = new TokenVerification(cache, new BearerOptions(), clock);
    }

    [TearDown]
    public void Delete()
    {
        cache.Dispose();
        validator.Dispose();
        key.Dispose();
        folder.Delete(recursive: true);
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

        File.Delete(KeyFile);
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

    private string KeyFile => Path.Combine(folder.FullName, "key.pem");

    private static HttpRequest RequestWith(string header, string value)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers[header] = value;
        return request;
    }

    private string TokenOf(TimeSpan life) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            Expires = (clock.GetUtcNow() + life).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = "somebody", ["project_id"] = "project" },
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key), SecurityAlgorithms.EcdsaSha256),
        });

    private sealed class BearerOptions : IOptionsMonitor<JwtBearerOptions>
    {
        public JwtBearerOptions CurrentValue { get; } = new();

        public JwtBearerOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<JwtBearerOptions, string?> listener) => null;
    }
}
