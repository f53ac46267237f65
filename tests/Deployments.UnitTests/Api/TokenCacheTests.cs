using System.Security.Claims;
using System.Security.Cryptography;
using Deployments.Api.Authentication.Jwt;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

/// <summary>A cached token is accepted only as long as a newly validated one would be.</summary>
public sealed class TokenCacheTests
{
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private FolderIssuer issuer = null!;
    private ManualClock clock = null!;
    private KeptLog log = null!;
    private JwtValidator validator = null!;
    private TokenCache cache = null!;

    [SetUp]
    public void Make()
    {
        issuer = new FolderIssuer();
        clock = issuer.Clock;
        log = new KeptLog();
        validator = issuer.CreateValidator(log);
        cache = new TokenCache(validator, clock);
    }

    [TearDown]
    public void Delete()
    {
        cache.Dispose();
        validator.Dispose();
        issuer.Dispose();
    }

    [Test]
    public async Task Cached_token_is_rejected_one_second_after_its_expiry_and_clock_skew()
    {
        var life = TimeSpan.FromSeconds(10);
        var token = TokenOf("somebody", life);
        (await ValidateAsync(token)).IsValid.ShouldBeTrue();

        clock.Move(life + Skew - Second);
        (await ValidateAsync(token)).IsValid.ShouldBeTrue();

        clock.Move(2 * Second);
        (await ValidateAsync(token)).Exception.ShouldBeOfType<SecurityTokenExpiredException>();
    }

    [Test]
    public async Task Cached_token_is_kept_for_one_minute()
    {
        var token = TokenOf("somebody", TimeSpan.FromHours(1));
        var first = await ValidateAsync(token);

        clock.Move(TimeSpan.FromSeconds(59));
        (await ValidateAsync(token)).SecurityToken.ShouldBeSameAs(first.SecurityToken);

        clock.Move(Second);
        (await ValidateAsync(token)).SecurityToken.ShouldNotBeSameAs(first.SecurityToken);
    }

    [Test]
    public async Task Cached_token_is_rejected_within_a_minute_of_the_removal_of_its_key()
    {
        var token = TokenOf("somebody", TimeSpan.FromHours(1));
        (await ValidateAsync(token)).IsValid.ShouldBeTrue();

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(issuer.KeyFile, other.ExportSubjectPublicKeyInfoPem());
        clock.Move(TimeSpan.FromSeconds(10));

        (await ValidateAsync(token)).IsValid.ShouldBeFalse();
    }

    [Test]
    public async Task Cached_token_is_rejected_after_the_removal_of_the_last_key()
    {
        var token = TokenOf("somebody", TimeSpan.FromHours(1));
        (await ValidateAsync(token)).IsValid.ShouldBeTrue();

        File.Delete(issuer.KeyFile);
        clock.Move(TimeSpan.FromSeconds(10));

        (await ValidateAsync(token)).IsValid.ShouldBeFalse();
    }

    [TestCase("no key")]
    [TestCase("a link to nothing")]
    public async Task File_without_a_valid_key_is_logged_and_the_others_are_read(string file)
    {
        var token = TokenOf("somebody", TimeSpan.FromHours(1));
        var bad = Path.Combine(issuer.Folder.FullName, "another.pem");
        if (file == "no key")
        {
            await File.WriteAllTextAsync(bad, file);
        }
        else
        {
            File.CreateSymbolicLink(bad, Path.Combine(issuer.Folder.FullName, "absent"));
        }

        clock.Move(TimeSpan.FromSeconds(10));
        (await ValidateAsync(token)).IsValid.ShouldBeTrue();

        File.Delete(issuer.KeyFile);
        clock.Move(TimeSpan.FromSeconds(10));
        (await ValidateAsync(token)).IsValid.ShouldBeFalse();
        log.Warnings.Distinct().ShouldHaveSingleItem().ShouldContain(bad);
    }

    [Test]
    public void Added_and_removed_keys_are_logged_with_file_and_fingerprint_without_any_request()
    {
        using var other = RSA.Create(2048);
        var (file, added) = (issuer.KeyFile, Path.Combine(issuer.Folder.FullName, "other.pem"));
        log.Messages.ShouldBe([$"Authentication:PublicKeys: the key in {file} is accepted, SHA-256 {Fingerprint(issuer.Key)}."]);

        log.Messages.Clear();
        File.WriteAllText(added, other.ExportSubjectPublicKeyInfoPem());
        clock.Move(TimeSpan.FromSeconds(10));
        log.Messages.ShouldBe([$"Authentication:PublicKeys: the key in {added} is accepted, SHA-256 {Fingerprint(other)}."]);

        log.Messages.Clear();
        File.Move(added, file, overwrite: true);
        clock.Move(TimeSpan.FromSeconds(10));
        log.Messages.ShouldBe([
            $"Authentication:PublicKeys: the key in {file} is no longer accepted, SHA-256 {Fingerprint(issuer.Key)}.",
            $"Authentication:PublicKeys: the key in {added} is no longer accepted, SHA-256 {Fingerprint(other)}.",
            $"Authentication:PublicKeys: the key in {file} is accepted, SHA-256 {Fingerprint(other)}."]);

        log.Messages.Clear();
        clock.Move(TimeSpan.FromSeconds(10));
        log.Messages.ShouldBeEmpty();
    }

    [Test]
    public void Folder_that_stays_unreadable_is_logged_once()
    {
        issuer.Folder.Delete(recursive: true);
        clock.Move(TimeSpan.FromSeconds(10));
        clock.Move(TimeSpan.FromSeconds(10));
        log.Warnings.ShouldHaveSingleItem();

        issuer.Folder.Create();
        clock.Move(TimeSpan.FromSeconds(10));
        issuer.Folder.Delete();
        clock.Move(TimeSpan.FromSeconds(10));
        log.Warnings.Count.ShouldBe(2);
        issuer.Folder.Create();
    }

    [Test]
    public async Task Keys_are_kept_while_their_folder_is_missing()
    {
        var token = TokenOf("somebody", TimeSpan.FromHours(1));
        var elsewhere = $"{issuer.Folder.FullName}-elsewhere";

        Directory.Move(issuer.Folder.FullName, elsewhere);
        clock.Move(TimeSpan.FromSeconds(10));
        (await ValidateAsync(token)).IsValid.ShouldBeTrue();
        log.Warnings.ShouldHaveSingleItem().ShouldContain("Authentication:PublicKeys");

        Directory.Move(elsewhere, issuer.Folder.FullName);
        File.Delete(issuer.KeyFile);
        clock.Move(TimeSpan.FromSeconds(10));
        (await ValidateAsync(token)).IsValid.ShouldBeFalse();
    }

    [Test]
    public async Task Invalid_tokens_are_not_cached()
    {
        (await ValidateAsync("garbage")).IsValid.ShouldBeFalse();
        (await ValidateAsync(TokenOf("somebody", -Skew - Second))).IsValid.ShouldBeFalse();

        cache.Count.ShouldBe(0);
    }

    [Test]
    public async Task Cache_is_bounded_after_10000_tokens()
    {
        const int tokens = 10_000;
        var padding = new string('x', 1_500);
        var characters = 0L;
        for (var i = 0; i < tokens; i++)
        {
            var token = TokenOf($"{i}{padding}", TimeSpan.FromHours(1));
            characters += token.Length;
            (await ValidateAsync(token)).IsValid.ShouldBeTrue();
        }

        characters.ShouldBeGreaterThan(4 * 4 * 1024 * 1024);
        cache.Count.ShouldBeInRange(1, tokens / 4);
    }

    [Test]
    public async Task Concurrent_validations_never_return_the_claims_of_another_token()
    {
        const int threads = 64;
        var tokens = Enumerable.Range(0, 1_000)
            .ToDictionary(i => $"subject-{i}", i => TokenOf($"subject-{i}", TimeSpan.FromHours(1)));

        var mixedUp = await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Run(async () =>
        {
            var random = new Random(thread);
            var subjects = tokens.Keys.ToArray();
            random.Shuffle(subjects);
            var wrong = 0;
            foreach (var subject in subjects.Concat(subjects))
            {
                var result = await ValidateAsync(tokens[subject]);
                var claims = result.ClaimsIdentity.Claims.Where(claim => claim.Type == "sub").ToList();
                wrong += result.IsValid && claims is [{ } only] && only.Value == subject ? 0 : 1;

                // A claim that one thread adds must not be visible to another.
                result.ClaimsIdentity.AddClaim(new Claim("sub", $"of thread {thread}"));
            }

            return wrong;
        })));

        mixedUp.ShouldAllBe(wrong => wrong == 0);
    }

    [Test]
    public async Task Each_validation_returns_an_identity_of_its_own()
    {
        var token = TokenOf("somebody", TimeSpan.FromHours(1));

        for (var request = 0; request < 3; request++)
        {
            var identity = (await ValidateAsync(token)).ClaimsIdentity;

            identity.Claims.Select(claim => $"{claim.Type} {claim.Value}").ShouldBe(["sub somebody", "project_id project", "roles reader"]);
            identity.FindFirst("sub")!.Properties.ShouldBeEmpty();
            identity.AddClaim(new Claim("roles", "admin"));
            identity.FindFirst("sub")!.Properties["of"] = "another request";
            identity.RemoveClaim(identity.FindFirst("project_id"));
            identity.Label = "spoilt";
        }
    }

    private Task<TokenValidationResult> ValidateAsync(string token) => cache.ValidateTokenAsync(token, new TokenValidationParameters());

    private string TokenOf(string subject, TimeSpan life) => issuer.CreateToken(subject, life);

    private static string Fingerprint(AsymmetricAlgorithm key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    /// <summary>Keeps the log messages.</summary>
    private sealed class KeptLog : ILogger
    {
        public List<string> Messages { get; } = [];

        /// <summary>Those of level warning and above.</summary>
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Messages.Add(formatter(state, exception));
            if (logLevel >= LogLevel.Warning)
            {
                Warnings.Add(formatter(state, exception));
            }
        }
    }
}
