using System.Net;
using System.Security.Cryptography;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Every kind of token on every operation of the OpenAPI document.</summary>
public sealed class TokenMatrixTests
{
    private const string Metadata = "/v1/{project_id}/software_deployments/metadata/{server_id}";

    private static readonly TimeSpan BeyondSkew = TimeSpan.FromSeconds(35);

    private static KeyFolder keys = null!;
    private static Service service = null!;

    private static IEnumerable<TestCaseData> InvalidTokens =>
    [
        Case("absent", _ => []),
        Case("empty", _ => [("X-Auth-Token", string.Empty)]),
        Case("empty bearer", _ => [("Authorization", "Bearer ")]),
        Case("garbage", _ => InEither("garbage")),
        Case("garbage in three parts", _ => InEither("a.b.c")),
        Case("another scheme", token => [("Authorization", $"Basic {token}")]),
        Case("alg none", token => InEither(token with { Algorithm = "none", Signature = _ => [] })),
        Case("alg none, signed", token => InEither(token with { Algorithm = "none" })),
        Case("other secret", token => InEither(token with { Signature = Token.Hmac(RandomNumberGenerator.GetBytes(32)) })),
        Case("other RSA key", token => InEither(token with { Algorithm = "RS256", Signature = WithAnotherKey })),
        Case("RSA key, said to be HS256", token => InEither(token with { Signature = Token.Rsa(keys.Rsa) })),
        Case("secret, said to be RS256", token => InEither(token with { Algorithm = "RS256" })),
        Case("public key as secret, PEM", token => InEither(token with { Signature = Token.Hmac(Pem(keys.Rsa)) })),
        Case("public key as secret, DER", token => InEither(token with { Signature = Token.Hmac(keys.Rsa.ExportSubjectPublicKeyInfo()) })),
        Case("EC public key as secret, DER", token => InEither(token with { Signature = Token.Hmac(keys.Ec.ExportSubjectPublicKeyInfo()) })),
        Case("another's payload", token => InEither(Spliced(token))),
        Case("expired", token => InEither(token with { Expires = DateTimeOffset.UtcNow - BeyondSkew })),
        Case("not yet valid", token => InEither(token with { NotBefore = DateTimeOffset.UtcNow + (2 * BeyondSkew) })),
        Case("no expiry", token => InEither(token with { Expires = null })),
        Case("wrong audience", token => InEither(token with { Audience = "others" })),
        Case("no audience", token => InEither(token with { Audience = null })),
        Case("wrong issuer", token => InEither(token with { Issuer = "https://others.test" })),
        Case("no issuer", token => InEither(token with { Issuer = null })),
        Case("two different", token =>
            [("X-Auth-Token", token.ToString()), ("Authorization", $"Bearer {token with { Roles = ["admin"] }}")]),
    ];

    private static IEnumerable<TestCaseData> ValidTokens =>
    [
        Case("another project's", token => InEither(token with { Project = "another" }), (_, _) => false),
        Case("the project in upper case", token => InEither(token with { Project = token.Project!.ToUpperInvariant() }), (_, _) => false),
        Case("no project", token => InEither(token with { Project = null }), (_, _) => false),
        Case("two projects", token => InEither(token with { ProjectValue = new[] { token.Project, "another" } }), (_, _) => false),
        Case("no role", token => InEither(token with { Roles = [] }), (_, _) => false),
        Case("unknown role", token => InEither(token with { Roles = ["owner"] }), (_, _) => false),
        Case("role in upper case", token => InEither(token with { Roles = ["MEMBER", "ADMIN"] }), (_, _) => false),
        Case("heat_stack_user", token => InEither(token with { Roles = ["heat_stack_user"] }), (_, template) => template == Metadata),
        Case("another project's heat_stack_user", token => InEither(token with { Project = "another", Roles = ["heat_stack_user"] }), (_, _) => false),
        Case("reader", token => InEither(token with { Roles = ["reader"] }), (method, _) => method == HttpMethod.Get),
        Case("member", token => InEither(token), (_, _) => true),
        Case("member by default", token => InEither(token with { Roles = null }), (_, _) => true),
        Case("member, by RSA", token => InEither(token with { Algorithm = "RS256", Signature = Token.Rsa(keys.Rsa) }), (_, _) => true),
        Case("admin", token => InEither(token with { Roles = ["admin"] }), (_, _) => true),
        Case("admin of another project", token => InEither(token with { Project = "another", Roles = ["admin"] }), (_, _) => true),
    ];

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        keys = new KeyFolder();
        service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Authentication:PublicKeys"] = keys.Path });
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        await service.DisposeAsync();
        keys.Dispose();
    }

    [TestCaseSource(nameof(InvalidTokens))]
    public async Task Every_operation_with_an_invalid_token_returns_401(Func<string, (string, string)[][]> headerSets)
    {
        var project = new Project(service);
        foreach (var operation in await Operation.ListAsync())
        {
            foreach (var headers in headerSets(project.Id))
            {
                (await operation.SendAsync(project, service, headers)).ShouldBeUnauthorized();
            }
        }

        (await project.CountStoredAsync()).ShouldBe(0);
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [TestCaseSource(nameof(ValidTokens))]
    public async Task Every_operation_returns_403_unless_project_and_roles_of_the_token_allow_it(
        Func<string, (string, string)[][]> headerSets, Func<HttpMethod, string, bool> allowed)
    {
        var project = new Project(service);
        var operations = await Operation.ListAsync();
        foreach (var operation in operations)
        {
            foreach (var headers in headerSets(project.Id))
            {
                var response = await operation.SendAsync(project, service, headers);
                if (allowed(operation.Method, operation.Template))
                {
                    response.Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.NotFound);
                }
                else
                {
                    response.ShouldBeError(HttpStatusCode.Forbidden);
                }
            }
        }

        if (!operations.Any(operation => operation.Method == HttpMethod.Post && allowed(operation.Method, operation.Template)))
        {
            (await project.CountStoredAsync()).ShouldBe(0);
            (await project.CountStoredConfigsAsync()).ShouldBe(0);
        }
    }

    private static byte[] WithAnotherKey(byte[] text)
    {
        using var another = RSA.Create(2048);
        return Token.Rsa(another)(text);
    }

    private static byte[] Pem(RSA key) => Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem());

    private static string Spliced(Token token)
    {
        var parts = token.ToString().Split('.');
        return $"{parts[0]}.{(token with { Roles = ["admin"] }).ToString().Split('.')[1]}.{parts[2]}";
    }

    private static (string, string)[] InEither(Token token) => InEither(token.ToString());

    private static (string, string)[] InEither(string token) => [("X-Auth-Token", token), ("Authorization", $"Bearer {token}")];

    private static TestCaseData Case(string name, Func<Token, (string Name, string Value)[]> headers) =>
        new TestCaseData(HeaderSets(headers, together: true)).SetArgDisplayNames(name);

    private static TestCaseData Case(string name, Func<Token, (string Name, string Value)[]> headers, Func<HttpMethod, string, bool> allowed) =>
        new TestCaseData(HeaderSets(headers, together: false), allowed).SetArgDisplayNames(name);

    /// <summary>Each header alone, as a token may be in either, and both together.</summary>
    private static Func<string, (string Name, string Value)[][]> HeaderSets(
        Func<Token, (string Name, string Value)[]> headers, bool together) => project => headers(new Token(project)) switch
        {
            [var one, var other] when one.Value != other.Value[("Bearer ".Length)..] => [[one, other]],
            [var one, var other] => together ? [[one], [other], [one, other]] : [[one], [other]],
            var others => [others],
        };
}
