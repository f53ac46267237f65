using System.Net;
using System.Security.Cryptography;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Which tokens verify. What does not verify is 401 and leaves nothing behind.</summary>
public sealed class TokenTests
{
    // The service allows 30 s; the rest is room for a slow machine.
    private static readonly TimeSpan InsideSkew = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan BeyondSkew = TimeSpan.FromSeconds(35);

    private static IEnumerable<TestCaseData> TokensThatDoNotVerify =>
    [
        Case("empty", _ => string.Empty),
        Case("garbage", _ => "garbage"),
        Case("three parts of garbage", _ => "a.b.c"),
        Case("header that is no JSON", token => $"e30x.{Payload(token)}.{SignatureOf(token)}"),
        Case("no signature", token => $"{Header(token)}.{Payload(token)}."),
        Case("no signature part", token => $"{Header(token)}.{Payload(token)}"),
        Case("another's payload", token => $"{Header(token)}.{Payload(token with { Roles = ["admin"] })}.{SignatureOf(token)}"),
        Case("alg none", token => token with { Algorithm = "none", Signature = _ => [] }),
        Case("alg none, signed", token => token with { Algorithm = "none" }),
        Case("no alg", token => token with { Algorithm = string.Empty }),
        Case("alg in lower case", token => token with { Algorithm = "hs256" }),
        Case("another secret", token => token with { Signature = Token.Hmac(RandomNumberGenerator.GetBytes(32)) }),
        Case("right secret, other algorithm", token => token with
        {
            Algorithm = "HS512", Signature = text => HMACSHA512.HashData(Token.Secret, text),
        }),
        Case("expired", token => token with { Expires = DateTimeOffset.UtcNow - BeyondSkew }),
        Case("not yet valid", token => token with { NotBefore = DateTimeOffset.UtcNow + BeyondSkew + InsideSkew }),
        Case("no expiry", token => token with { Expires = null }),
        Case("another audience", token => token with { Audience = "others" }),
        Case("no audience", token => token with { Audience = null }),
        Case("another issuer", token => token with { Issuer = "https://others.test" }),
        Case("no issuer", token => token with { Issuer = null }),
    ];

    private static IEnumerable<TestCaseData> TokensThatVerify =>
    [
        Case("plain", token => token),
        Case("just expired", token => token with { Expires = DateTimeOffset.UtcNow - InsideSkew }),
        Case("valid to the end of time", token => token with { Expires = DateTimeOffset.MaxValue }),
        Case("about to be valid", token => token with { NotBefore = DateTimeOffset.UtcNow + InsideSkew }),
    ];

    [Test]
    public async Task No_token_is_refused()
    {
        var project = new Project();

        var answer = await project.PostAsync(Requests.Body(Project.Minimal));

        answer.ShouldBeUnauthorized();
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCaseSource(nameof(TokensThatDoNotVerify))]
    public async Task A_token_is_refused(Func<string, string> makeToken)
    {
        var project = new Project();
        var token = makeToken(project.Id);

        var inOpenStacksHeader = await project.PostAsync(Requests.Body(Project.Minimal), ("X-Auth-Token", token));
        var asBearer = await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Bearer {token}"));

        inOpenStacksHeader.ShouldBeUnauthorized();
        asBearer.ShouldBeUnauthorized();
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCaseSource(nameof(TokensThatVerify))]
    public async Task A_token_is_accepted_in_either_header_and_in_both(Func<string, string> makeToken)
    {
        var project = new Project();
        var token = makeToken(project.Id);

        (await project.PostAsync(Requests.Body(Project.Minimal), ("X-Auth-Token", token))).ShouldBeOk();
        (await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Bearer {token}"))).ShouldBeOk();
        (await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"bearer {token}"))).ShouldBeOk();
        (await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Bearer {token}"), ("X-Auth-Token", token))).ShouldBeOk();
    }

    [Test]
    public async Task Two_tokens_that_differ_are_refused_though_both_verify()
    {
        var project = new Project();
        var one = project.Token.ToString();
        var other = (project.Token with { Roles = ["admin"] }).ToString();

        var answer = await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Bearer {one}"), ("X-Auth-Token", other));

        answer.ShouldBeUnauthorized();
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task A_token_in_another_scheme_is_no_token()
    {
        var project = new Project();

        var answer = await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Basic {project.Token}"));

        answer.ShouldBeUnauthorized();
    }

    [Test]
    public async Task The_challenge_tells_why_and_never_shows_the_token()
    {
        var project = new Project();
        var token = (project.Token with { Expires = DateTimeOffset.UtcNow - BeyondSkew }).ToString();

        var answer = await project.CreateAsAsync(token);

        answer.ShouldBeUnauthorized().Headers["WWW-Authenticate"].ShouldContain("error=\"invalid_token\"");
        answer.Headers["WWW-Authenticate"].ShouldContain("expired");
        answer.Text.ShouldContain("expired");
        answer.Text.ShouldNotContain(SignatureOf(token));
    }

    [Test]
    public async Task A_token_that_was_accepted_is_refused_once_it_has_expired()
    {
        // The service may remember a token, but not beyond its time: this one has a second left of its 30 s of grace.
        var project = new Project();
        var end = DateTimeOffset.UtcNow.AddSeconds(-28);
        var token = project.Token with { Expires = end };

        (await project.CreateAsAsync(token)).ShouldBeOk();

        var waited = System.Diagnostics.Stopwatch.StartNew();
        HttpStatusCode last;
        do
        {
            last = (await project.CreateAsAsync(token)).Status;
        }
        while (last == HttpStatusCode.OK && waited.Elapsed < TimeSpan.FromSeconds(10));

        last.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private static TestCaseData Case(string name, Func<Token, Token> change) => Case(name, token => change(token).ToString());

    private static TestCaseData Case(string name, Func<Token, string> make) =>
        new TestCaseData((Func<string, string>)(project => make(new Token(project)))).SetArgDisplayNames(name);

    private static string Header(Token token) => token.ToString().Split('.')[0];

    private static string Payload(Token token) => token.ToString().Split('.')[1];

    private static string SignatureOf(Token token) => SignatureOf(token.ToString());

    private static string SignatureOf(string token) => token.Split('.')[2];
}
