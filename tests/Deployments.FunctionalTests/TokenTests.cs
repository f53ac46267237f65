using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The format and lifetime of tokens, in addition to <see cref="TokenMatrixTests"/>.</summary>
public sealed class TokenTests
{
    // The service allows 30 s; the rest is room for a slow machine.
    private static readonly TimeSpan InsideSkew = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan BeyondSkew = TimeSpan.FromSeconds(35);

    private static IEnumerable<TestCaseData> InvalidTokens =>
    [
        Case("header that is no JSON", token => $"e30x.{Payload(token)}.{SignatureOf(token)}"),
        Case("header of 100 levels", token => Signed(token, $$"""{"alg":"HS256","x":{{Requests.Nested(100)}}}""", Payload(token))),
        Case("crit with an escape in its name", token => Signed(token, """{"alg":"HS256","cr\u0069t":["exp"]}""", Payload(token))),
        Case("no signature", token => $"{Header(token)}.{Payload(token)}."),
        Case("no signature part", token => $"{Header(token)}.{Payload(token)}"),
        Case("no alg", token => token with { Algorithm = string.Empty }),
        Case("alg in lower case", token => token with { Algorithm = "hs256" }),
        Case("right secret, other algorithm", token => token with
        {
            Algorithm = "HS512", Signature = text => HMACSHA512.HashData(Token.Secret, text),
        }),
    ];

    private static IEnumerable<TestCaseData> ValidTokens =>
    [
        Case("plain", token => token),
        Case("just expired", token => token with { Expires = DateTimeOffset.UtcNow - InsideSkew }),
        Case("valid to the end of time", token => token with { Expires = DateTimeOffset.MaxValue }),
        Case("about to be valid", token => token with { NotBefore = DateTimeOffset.UtcNow + InsideSkew }),
    ];

    [TestCaseSource(nameof(InvalidTokens))]
    public async Task Create_deployment_with_an_invalid_token_returns_401(Func<string, string> makeToken)
    {
        var project = new Project();
        var token = makeToken(project.Id);

        var inOpenStacksHeader = await project.PostAsync(Requests.Body(Project.Minimal), ("X-Auth-Token", token));
        var asBearer = await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Bearer {token}"));

        inOpenStacksHeader.ShouldBeUnauthorized();
        asBearer.ShouldBeUnauthorized();
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCaseSource(nameof(ValidTokens))]
    public async Task Create_deployment_with_a_valid_token_in_either_or_both_headers_returns_200(Func<string, string> makeToken)
    {
        var project = new Project();
        var token = makeToken(project.Id);

        (await project.PostAsync(Requests.Body(Project.Minimal), ("X-Auth-Token", token))).ShouldBeOk();
        (await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Bearer {token}"))).ShouldBeOk();
        (await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"bearer {token}"))).ShouldBeOk();
        (await project.PostAsync(Requests.Body(Project.Minimal), ("Authorization", $"Bearer {token}"), ("X-Auth-Token", token))).ShouldBeOk();
    }

    [TestCase("\\u0000")]
    [TestCase("a\\u0000b")]
    [TestCase("\\ud800")]
    [TestCase("\\udc00\\ud800")]
    public async Task Create_deployment_with_a_subject_that_cannot_be_stored_returns_200_or_401(string subject)
    {
        var project = new Project();
        var token = WithSubject(project.Token, subject);

        var created = await project.CreateAsAsync(token);

        created.Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task Expired_token_returns_401_with_the_reason_and_without_the_token()
    {
        var project = new Project();
        var token = (project.Token with { Expires = DateTimeOffset.UtcNow - BeyondSkew }).ToString();

        var response = await project.CreateAsAsync(token);

        response.ShouldBeUnauthorized().Headers["WWW-Authenticate"].ShouldContain("error=\"invalid_token\"");
        response.Headers["WWW-Authenticate"].ShouldContain("expired");
        response.Text.ShouldContain("expired");
        response.Text.ShouldNotContain(SignatureOf(token));
    }

    [TestCase("""["b64"]""")]
    [TestCase("""["exp"]""")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"b64\"")]
    public async Task Token_with_a_crit_header_returns_401_also_when_repeated(string crit)
    {
        var project = new Project();
        var token = Signed(project.Token, $$"""{"alg":"HS256","typ":"JWT","b64":true,"crit":{{crit}}}""", Payload(project.Token));

        (await project.CreateAsAsync(token)).ShouldBeUnauthorized().Text.ShouldContain("crit");
        (await project.CreateAsAsync(token)).ShouldBeUnauthorized();
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCase("HS512")]
    [TestCase("RS256")]
    [TestCase("none")]
    [TestCase("")]
    public async Task Token_with_another_algorithm_returns_401_with_that_reason(string algorithm)
    {
        var project = new Project();

        var response = await project.CreateAsAsync((project.Token with { Algorithm = algorithm }).ToString());

        response.ShouldBeUnauthorized().Json.GetProperty("detail").GetString().ShouldBe("The token's algorithm is not accepted.");
    }

    private static TestCaseData Case(string name, Func<Token, Token> change) => Case(name, token => change(token).ToString());

    private static TestCaseData Case(string name, Func<Token, string> make) =>
        new TestCaseData((Func<string, string>)(project => make(new Token(project)))).SetArgDisplayNames(name);

    /// <summary>The token, signed again with the given text as subject.</summary>
    private static string WithSubject(Token token, string subject)
    {
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Payload(token))).Replace(token.Subject, subject, StringComparison.Ordinal);
        return Signed(token, Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Header(token))), Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims)));
    }

    private static string Signed(Token token, string header, string payload)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{payload}";
        return $"{signed}.{Base64Url.EncodeToString(token.Signature(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Header(Token token) => token.ToString().Split('.')[0];

    private static string Payload(Token token) => token.ToString().Split('.')[1];

    private static string SignatureOf(Token token) => SignatureOf(token.ToString());

    private static string SignatureOf(string token) => token.Split('.')[2];
}
