using System.Net;
using System.Security.Cryptography;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;

namespace Deployments.FunctionalTests;

/// <summary>Where keys come from, and that what one source's keys sign is judged by that source's rules.</summary>
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
    public async Task A_folder_of_public_keys_verifies_RS256_and_ES256()
    {
        var project = new Project(withPublicKeys);

        (await project.CreateAsAsync(SignedByRsa(project))).ShouldBeOk();
        (await project.CreateAsAsync(SignedByEc(project))).ShouldBeOk();
    }

    [Test]
    public async Task A_folder_of_public_keys_verifies_nothing_signed_by_other_keys()
    {
        var project = new Project(withPublicKeys);

        (await project.CreateAsAsync(SignedByRsa(project) with { Signature = Token.Rsa(keystoneKeys.Rsa) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Signature = Token.Ec(keystoneKeys.Ec) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(project.Token)).ShouldBeUnauthorized();
    }

    [Test]
    public async Task A_public_key_is_no_secret_to_sign_with()
    {
        var project = new Project(withPublicKeys);
        byte[][] spellings =
        [
            publicKeys.Rsa.ExportSubjectPublicKeyInfo(),
            publicKeys.Rsa.ExportRSAPublicKey(),
            Encoding.ASCII.GetBytes(publicKeys.Rsa.ExportSubjectPublicKeyInfoPem()),
            Encoding.ASCII.GetBytes(publicKeys.Rsa.ExportSubjectPublicKeyInfoPem() + "\n"),
            publicKeys.Ec.ExportSubjectPublicKeyInfo(),
            Encoding.ASCII.GetBytes(publicKeys.Ec.ExportSubjectPublicKeyInfoPem()),
        ];

        foreach (var spelling in spellings)
        {
            foreach (var algorithm in new[] { "HS256", "RS256", "ES256" })
            {
                (await project.CreateAsAsync(project.Token with { Algorithm = algorithm, Signature = Token.Hmac(spelling) }))
                    .ShouldBeUnauthorized();
            }
        }
    }

    [Test]
    public async Task The_algorithm_is_pinned_to_the_kind_of_key()
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
    public async Task Tokens_signed_by_the_folders_keys_need_issuer_audience_and_expiry()
    {
        var project = new Project(withPublicKeys);

        (await project.CreateAsAsync(SignedByRsa(project) with { Issuer = null })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByRsa(project) with { Audience = null })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Issuer = "https://others.test" })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Expires = null })).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Keystones_tokens_need_neither_issuer_nor_audience_and_name_the_project_in_their_own_claim()
    {
        var project = new Project(withKeystone);

        (await project.CreateAsAsync(Keystones(project))).ShouldBeOk();
        (await project.CreateAsAsync(Keystones(project) with { Roles = null })).ShouldBeOk();
        (await project.CreateAsAsync(Keystones(project) with { ProjectClaim = "project_id" })).ShouldBeError(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Keystones_tokens_need_an_expiry_and_ES256()
    {
        var project = new Project(withKeystone);

        (await project.CreateAsAsync(Keystones(project) with { Expires = null })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(Keystones(project) with { Expires = DateTimeOffset.UtcNow.AddMinutes(-1) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(Keystones(project) with { Signature = Token.Ec(publicKeys.Ec) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(Keystones(project) with { Algorithm = "RS256", Signature = Token.Rsa(keystoneKeys.Rsa) }))
            .ShouldBeUnauthorized();
    }

    [Test]
    public async Task Sources_combine()
    {
        var project = new Project(withAll);

        (await project.CreateAsAsync(project.Token)).ShouldBeOk();
        (await project.CreateAsAsync(SignedByRsa(project))).ShouldBeOk();
        (await project.CreateAsAsync(SignedByEc(project))).ShouldBeOk();
        (await project.CreateAsAsync(Keystones(project))).ShouldBeOk();
    }

    [Test]
    public async Task No_source_lends_its_rules_to_anothers_keys()
    {
        var project = new Project(withAll);
        var bare = Keystones(project);

        (await project.CreateAsAsync(bare with { Algorithm = "HS256", Signature = Token.Hmac(Token.Secret) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(bare with { Signature = Token.Ec(publicKeys.Ec) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(bare with { Algorithm = "RS256", Signature = Token.Rsa(publicKeys.Rsa) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(project.Token with { Algorithm = "RS256", Signature = Token.Rsa(keystoneKeys.Rsa) })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(SignedByEc(project) with { Signature = Token.Ec(keystoneKeys.Ec) }))
            .ShouldBeError(HttpStatusCode.Forbidden); // Keystone's key, but the project stands in the others' claim
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
