using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What a token may look like and when it is good, beside what <see cref="TokenMatrixTests"/> tries on every operation.</summary>
public sealed class TokenTests
{
    // The service allows 30 s; the rest is room for a slow machine.
    private static readonly TimeSpan InsideSkew = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan BeyondSkew = TimeSpan.FromSeconds(35);

    private static IEnumerable<TestCaseData> TokensThatDoNotVerify =>
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

    private static IEnumerable<TestCaseData> TokensThatVerify =>
    [
        Case("plain", token => token),
        Case("just expired", token => token with { Expires = DateTimeOffset.UtcNow - InsideSkew }),
        Case("valid to the end of time", token => token with { Expires = DateTimeOffset.MaxValue }),
        Case("about to be valid", token => token with { NotBefore = DateTimeOffset.UtcNow + InsideSkew }),
    ];

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

    [TestCase("\\u0000")]
    [TestCase("a\\u0000b")]
    [TestCase("\\ud800")]
    [TestCase("\\udc00\\ud800")]
    public async Task A_subject_that_no_database_can_hold_is_no_defect_of_ours(string subject)
    {
        var project = new Project();
        var token = WithSubject(project.Token, subject);

        var created = await project.CreateAsAsync(token);

        created.Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Unauthorized);
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

    [TestCase("""["b64"]""")]
    [TestCase("""["exp"]""")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"b64\"")]
    public async Task A_token_with_a_crit_header_is_refused_each_time(string crit)
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
    public async Task A_token_of_another_algorithm_is_refused_for_its_algorithm(string algorithm)
    {
        var project = new Project();

        var response = await project.CreateAsAsync((project.Token with { Algorithm = algorithm }).ToString());

        response.ShouldBeUnauthorized().Json.GetProperty("detail").GetString().ShouldBe("The token's algorithm is not accepted.");
    }

    private static TestCaseData Case(string name, Func<Token, Token> change) => Case(name, token => change(token).ToString());

    private static TestCaseData Case(string name, Func<Token, string> make) =>
        new TestCaseData((Func<string, string>)(project => make(new Token(project)))).SetArgDisplayNames(name);

    /// <summary>The token, signed anew with a subject that is spelled as it is given.</summary>
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
