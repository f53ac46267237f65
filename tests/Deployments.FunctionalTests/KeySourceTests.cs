using System.Net;
using System.Security.Cryptography;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;

namespace Deployments.FunctionalTests;

/// <summary>The sources of keys; a token is validated by the rules of the source of its key.</summary>
public sealed class KeySourceTests
{
    private KeyFolder publicKeys = null!;
    private KeyFolder keystoneKeys = null!;
    private Service withPublicKeys = null!;
    private Service withKeystone = null!;
    private Service withAll = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        publicKeys = new KeyFolder();
        keystoneKeys = new KeyFolder();
        var fromFolder = new Dictionary<string, string> { ["Authentication:PublicKeys"] = publicKeys.Path };
        var fromKeystone = new Dictionary<string, string> { ["Authentication:Keystone:PublicKeys"] = keystoneKeys.Path };

        withPublicKeys = await Service.StartReadyAsync(TestRun.ConnectionString, fromFolder);
        withKeystone = await Service.StartReadyAsync(TestRun.ConnectionString, fromKeystone);
        withAll = await Service.StartReadyAsync(
            TestRun.ConnectionString, Token.SigningKeys.Concat(fromFolder).Concat(fromKeystone).ToDictionary());
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var service in new[] { withPublicKeys, withKeystone, withAll }.Where(service => service is not null))
        {
            await service.DisposeAsync();
        }

        publicKeys.Dispose();
        keystoneKeys.Dispose();
    }

    [Test]
    public async Task Token_of_a_key_in_the_folder_returns_200_for_RS256_and_ES256()
    {
        var project = new Project(withPublicKeys);

        (await project.CreateAsAsync(SignedByRsa(project))).ShouldBeOk();
        (await project.CreateAsAsync(SignedByEc(project))).ShouldBeOk();
    }

    [Test]
    public async Task Token_of_a_key_that_is_not_in_the_folder_returns_401()
    {
        var project = new Project(withPublicKeys);

        (await project.CreateAsAsync(SignedByRsa(project) with { Signature = Token.Rsa(keystoneKeys.Rsa) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Signature = Token.Ec(keystoneKeys.Ec) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(project.Token)).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Token_signed_with_a_public_key_as_secret_returns_401()
    {
        var project = new Project(withPublicKeys);
        byte[][] encodings =
        [
            publicKeys.Rsa.ExportSubjectPublicKeyInfo(),
            publicKeys.Rsa.ExportRSAPublicKey(),
            Encoding.ASCII.GetBytes(publicKeys.Rsa.ExportSubjectPublicKeyInfoPem()),
            Encoding.ASCII.GetBytes(publicKeys.Rsa.ExportSubjectPublicKeyInfoPem() + "\n"),
            publicKeys.Ec.ExportSubjectPublicKeyInfo(),
            Encoding.ASCII.GetBytes(publicKeys.Ec.ExportSubjectPublicKeyInfoPem()),
        ];

        foreach (var encoding in encodings)
        {
            foreach (var algorithm in new[] { "HS256", "RS256", "ES256" })
            {
                (await project.CreateAsAsync(project.Token with { Algorithm = algorithm, Signature = Token.Hmac(encoding) }))
                    .ShouldBeUnauthorized();
            }
        }
    }

    [Test]
    public async Task Token_with_an_algorithm_of_another_key_type_returns_401()
    {
        var project = new Project(withPublicKeys);
        var rsa = publicKeys.Rsa;

        (await project.CreateAsAsync(SignedByRsa(project) with { Algorithm = "ES256" })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByRsa(project) with { Algorithm = "HS256" })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Algorithm = "RS256" })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByRsa(project) with
        {
            Algorithm = "PS256",
            Signature = text => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByRsa(project) with
        {
            Algorithm = "RS512",
            Signature = text => rsa.SignData(text, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
        })).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Token_of_a_key_in_the_folder_without_issuer_audience_or_expiry_returns_401()
    {
        var project = new Project(withPublicKeys);

        (await project.CreateAsAsync(SignedByRsa(project) with { Issuer = null })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByRsa(project) with { Audience = null })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Issuer = "https://others.test" })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Expires = null })).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Keystone_token_returns_200_without_issuer_and_audience_and_has_a_project_claim_of_its_own()
    {
        var project = new Project(withKeystone);

        (await project.CreateAsAsync(Keystones(project))).ShouldBeOk();
        (await project.CreateAsAsync(Keystones(project) with { Roles = null })).ShouldBeOk();
        (await project.CreateAsAsync(Keystones(project) with { ProjectClaim = "project_id" })).ShouldBeError(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Keystone_token_without_expiry_or_ES256_returns_401()
    {
        var project = new Project(withKeystone);

        (await project.CreateAsAsync(Keystones(project) with { Expires = null })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(Keystones(project) with { Expires = DateTimeOffset.UtcNow.AddMinutes(-1) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(Keystones(project) with { Signature = Token.Ec(publicKeys.Ec) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(Keystones(project) with { Algorithm = "RS256", Signature = Token.Rsa(keystoneKeys.Rsa) }))
            .ShouldBeUnauthorized();
    }

    [Test]
    public async Task Tokens_of_all_key_sources_return_200_when_combined()
    {
        var project = new Project(withAll);

        (await project.CreateAsAsync(project.Token)).ShouldBeOk();
        (await project.CreateAsAsync(SignedByRsa(project))).ShouldBeOk();
        (await project.CreateAsAsync(SignedByEc(project))).ShouldBeOk();
        (await project.CreateAsAsync(Keystones(project))).ShouldBeOk();
    }

    [Test]
    public async Task Tokens_are_validated_by_the_rules_of_the_source_of_their_key()
    {
        var project = new Project(withAll);
        var bare = Keystones(project);

        (await project.CreateAsAsync(bare with { Algorithm = "HS256", Signature = Token.Hmac(Token.Secret) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(bare with { Signature = Token.Ec(publicKeys.Ec) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(bare with { Algorithm = "RS256", Signature = Token.Rsa(publicKeys.Rsa) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(project.Token with { Algorithm = "RS256", Signature = Token.Rsa(keystoneKeys.Rsa) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Signature = Token.Ec(keystoneKeys.Ec) }))
            .ShouldBeError(HttpStatusCode.Forbidden); // Keystone's key, but the project is in the claim of the other sources
        (await project.CreateAsAsync(SignedByEc(project) with { ProjectClaim = "openstack_project_id" }))
            .ShouldBeError(HttpStatusCode.Forbidden);
    }

    private Token SignedByRsa(Project project) => project.Token with { Algorithm = "RS256", Signature = Token.Rsa(publicKeys.Rsa) };

    private Token SignedByEc(Project project) => project.Token with { Algorithm = "ES256", Signature = Token.Ec(publicKeys.Ec) };

    private Token Keystones(Project project) => new(project.Id)
    {
        Algorithm = "ES256",
        Signature = Token.Ec(keystoneKeys.Ec),
        Issuer = null,
        Audience = null,
        ProjectClaim = "openstack_project_id",
    };
}
