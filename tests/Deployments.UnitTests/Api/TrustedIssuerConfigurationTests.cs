using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Deployments.Api.Authentication.Jwt;
using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Options;
using Deployments.Application.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public sealed class TrustedIssuerConfigurationTests
{
    private const string Issuer = "https://issuer.example";
    private const string Audience = "deployments";
    private const string Bearer = "Authentication:Schemes:Bearer";
    private const string Secret = $"{Bearer}:SigningKeys:0:Value";
    private const string PublicKeys = "Authentication:PublicKeys";
    private const string KeystoneKeys = "Authentication:Keystone:PublicKeys";

    private static readonly RSA Rsa = RSA.Create(2048);
    private static readonly ECDsa P256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly byte[] LongSecret = RandomNumberGenerator.GetBytes(64);

    private string folder = string.Empty;

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("token-sources-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(folder, recursive: true);

    [OneTimeTearDown]
    public static void DisposeKeys()
    {
        Rsa.Dispose();
        P256.Dispose();
    }

    [Test]
    public void Read_without_a_key_source_throws() =>
        ReadError([]).ShouldContain($"{Bearer}:Authority");

    [Test]
    public void Read_with_only_an_authority_succeeds() =>
        Read([($"{Bearer}:Authority", "https://issuer.example")]).ShouldBeEmpty();

    [Test]
    public void ForAuthority_without_an_audience_throws() =>
        Should.Throw<InvalidConfigurationException>(() => TrustedIssuerConfiguration.ForAuthority(
                Settings([($"{Bearer}:Authority", "https://issuer.example")]), TimeProvider.System))
            .Message.ShouldContain($"{Bearer}:ValidAudiences");

    [Test]
    public void Development_key_is_accepted_in_Development_without_another_source()
    {
        var token = DevelopmentKey.CreateToken("project", ["member"], TimeSpan.FromHours(1));

        Accepts(Read([], development: true), token).ShouldBeTrue();
    }

    [Test]
    public void Development_key_is_not_accepted_outside_Development()
    {
        var token = DevelopmentKey.CreateToken("project", ["member"], TimeSpan.FromHours(1));
        var sources = Read(With((Secret, Convert.ToBase64String(LongSecret)), ($"{Bearer}:ValidIssuer", DevelopmentKey.Issuer)));

        Accepts(sources, token).ShouldBeFalse();
    }

    [Test]
    public void Development_key_among_the_secrets_throws_outside_Development()
    {
        var settings = With((Secret, Convert.ToBase64String(DevelopmentKey.Key.Key)));

        ReadError(settings).ShouldContain("is the development key");
        Read(settings, development: true).Count.ShouldBe(2);
    }

    [TestCaseSource(nameof(AsymmetricKeys))]
    public void Public_or_private_key_among_the_secrets_throws(byte[] key)
    {
        var message = ReadError(With((Secret, Convert.ToBase64String(key))));

        message.ShouldContain(Secret);
        message.ShouldContain("is a public or private key");
        message.ShouldContain(PublicKeys);
    }

    [TestCaseSource(nameof(TextsThatAreNotBase64))]
    public void Secret_that_is_not_base64_throws(string text)
    {
        var message = ReadError(With((Secret, text)));

        message.ShouldContain(Secret);
        message.ShouldContain("must be a secret in base64");
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(31)]
    public void Secret_of_less_than_32_bytes_throws(int bytes) =>
        ReadError(With((Secret, Convert.ToBase64String(LongSecret[..bytes])))).ShouldContain("at least 32 bytes");

    [Test]
    public void Secret_of_32_bytes_accepts_only_HS256()
    {
        var sources = Read(With((Secret, Convert.ToBase64String(LongSecret[..32]))));

        Accepts(sources, Token(new SymmetricSecurityKey(LongSecret[..32]), SecurityAlgorithms.HmacSha256)).ShouldBeTrue();
        Accepts(sources, Token(new RsaSecurityKey(Rsa), SecurityAlgorithms.RsaSha256)).ShouldBeFalse();
    }

    [TestCase(SecurityAlgorithms.HmacSha384)]
    [TestCase(SecurityAlgorithms.HmacSha512)]
    public void Secret_of_64_bytes_accepts_only_HS256(string algorithm)
    {
        var sources = Read(With((Secret, Convert.ToBase64String(LongSecret))));
        var key = new SymmetricSecurityKey(LongSecret);

        Accepts(sources, Token(key, SecurityAlgorithms.HmacSha256)).ShouldBeTrue();
        Accepts(sources, Token(key, algorithm)).ShouldBeFalse();
    }

    [Test]
    public void Secret_of_one_issuer_rejects_tokens_of_another_issuer()
    {
        var key = new SymmetricSecurityKey(LongSecret);
        var sources = Read(With(
            (Secret, Convert.ToBase64String(LongSecret)),
            ($"{Bearer}:SigningKeys:0:Issuer", Issuer),
            ($"{Bearer}:ValidIssuers:0", "https://other.example")));

        Accepts(sources, Token(key, SecurityAlgorithms.HmacSha256)).ShouldBeTrue();
        Accepts(sources, Token(key, SecurityAlgorithms.HmacSha256, issuer: "https://other.example")).ShouldBeFalse();
    }

    [Test]
    public void Secret_of_an_unknown_issuer_throws() =>
        ReadError(With((Secret, Convert.ToBase64String(LongSecret)), ($"{Bearer}:SigningKeys:0:Issuer", "https://other.example")))
            .ShouldContain("https://other.example");

    [Test]
    public void Configured_keys_without_issuer_or_audience_throw([Values] bool secret)
    {
        var keys = secret ? (Secret, Convert.ToBase64String(LongSecret)) : (PublicKeys, FolderWith(Rsa.ExportSubjectPublicKeyInfoPem()));

        ReadError([keys, ($"{Bearer}:ValidAudiences:0", Audience)]).ShouldContain($"{Bearer}:ValidIssuer");
        ReadError([keys, ($"{Bearer}:ValidIssuer", Issuer)]).ShouldContain($"{Bearer}:ValidAudiences");
    }

    [Test]
    public void Folder_of_public_keys_accepts_RS256_and_ES256()
    {
        var sources = Read(With((PublicKeys, FolderWith(Rsa.ExportSubjectPublicKeyInfoPem(), P256.ExportSubjectPublicKeyInfoPem()))));

        Accepts(sources, Token(new RsaSecurityKey(Rsa), SecurityAlgorithms.RsaSha256)).ShouldBeTrue();
        Accepts(sources, Token(new ECDsaSecurityKey(P256), SecurityAlgorithms.EcdsaSha256)).ShouldBeTrue();
    }

    [TestCase(SecurityAlgorithms.RsaSha384)]
    [TestCase(SecurityAlgorithms.RsaSha512)]
    [TestCase(SecurityAlgorithms.RsaSsaPssSha256)]
    public void Folder_of_public_keys_rejects_every_other_algorithm(string algorithm)
    {
        var sources = Read(With((PublicKeys, FolderWith(Rsa.ExportSubjectPublicKeyInfoPem()))));

        Accepts(sources, Token(new RsaSecurityKey(Rsa), algorithm)).ShouldBeFalse();
    }

    [Test]
    public void Token_signed_with_a_public_key_as_secret_is_rejected()
    {
        var pem = Rsa.ExportSubjectPublicKeyInfoPem();
        var sources = Read(With((PublicKeys, FolderWith(pem)), (Secret, Convert.ToBase64String(LongSecret))));

        Accepts(sources, Token(new SymmetricSecurityKey(Encoding.ASCII.GetBytes(pem)), SecurityAlgorithms.HmacSha256)).ShouldBeFalse();
        Accepts(sources, Token(new SymmetricSecurityKey(Rsa.ExportSubjectPublicKeyInfo()), SecurityAlgorithms.HmacSha256)).ShouldBeFalse();
    }

    [Test]
    public void Token_without_issuer_and_audience_is_accepted_only_for_a_Keystone_key()
    {
        var pem = FolderWith(P256.ExportSubjectPublicKeyInfoPem());
        var token = Token(new ECDsaSecurityKey(P256), SecurityAlgorithms.EcdsaSha256, issuer: null, audience: null);

        Accepts(Read([(KeystoneKeys, pem)]), token).ShouldBeTrue();
        Accepts(Read(With((PublicKeys, pem))), token).ShouldBeFalse();
    }

    [Test]
    public void Keystone_keys_accept_only_ES256()
    {
        var sources = Read([(KeystoneKeys, FolderWith(Rsa.ExportSubjectPublicKeyInfoPem()))]);

        Accepts(sources, Token(new RsaSecurityKey(Rsa), SecurityAlgorithms.RsaSha256)).ShouldBeFalse();
    }

    [TestCase(PublicKeys)]
    [TestCase(KeystoneKeys)]
    public void Token_without_a_valid_expiry_is_rejected_by_every_source(string setting)
    {
        var sources = Read(With((setting, FolderWith(P256.ExportSubjectPublicKeyInfoPem()))));
        var key = new ECDsaSecurityKey(P256);

        Accepts(sources, Token(key, SecurityAlgorithms.EcdsaSha256, expires: TimeSpan.FromSeconds(-15))).ShouldBeTrue();
        Accepts(sources, Token(key, SecurityAlgorithms.EcdsaSha256, expires: TimeSpan.FromSeconds(-45))).ShouldBeFalse();
        Accepts(sources, Token(key, SecurityAlgorithms.EcdsaSha256, expires: null)).ShouldBeFalse();
    }

    [TestCaseSource(nameof(InvalidKeyFiles))]
    public void Folder_with_an_invalid_key_file_throws(string text, string reason)
    {
        var file = Path.Combine(FolderWith(P256.ExportSubjectPublicKeyInfoPem(), text), "1.pem");

        foreach (var setting in new[] { PublicKeys, KeystoneKeys })
        {
            var message = ReadError(With((setting, folder)));

            message.ShouldContain(setting);
            message.ShouldContain(file);
            message.ShouldContain(reason);
            message.ShouldNotContain(text);
        }
    }

    [Test]
    public void Folder_with_an_unreadable_file_throws()
    {
        var file = Path.Combine(FolderWith(P256.ExportSubjectPublicKeyInfoPem()), "link.pem");
        File.CreateSymbolicLink(file, Path.Combine(folder, "absent"));

        ReadError(With((PublicKeys, folder))).ShouldBe($"{PublicKeys}: {file} cannot be read.");
    }

    [Test]
    public void Folder_without_keys_throws([Values(PublicKeys, KeystoneKeys)] string setting, [Values] bool exists)
    {
        var path = exists ? folder : Path.Combine(folder, "absent");
        File.WriteAllText(Path.Combine(folder, "key.txt"), P256.ExportSubjectPublicKeyInfoPem());

        var message = ReadError(With((setting, path)));

        message.ShouldContain(setting);
        message.ShouldContain(path);
    }

    [Test]
    public void Project_claim_is_that_of_the_key_source()
    {
        var pem = FolderWith(P256.ExportSubjectPublicKeyInfoPem());

        Read(With((PublicKeys, pem), (KeystoneKeys, pem))).Select(source => source.ProjectClaim)
            .ShouldBe(["project_id", "openstack_project_id"]);
        Read(With((PublicKeys, pem), (KeystoneKeys, pem), ("Authentication:ProjectClaim", "a"), ("Authentication:Keystone:ProjectClaim", "b")))
            .Select(source => source.ProjectClaim).ShouldBe(["a", "b"]);
    }

    private static IEnumerable<TestCaseData> AsymmetricKeys()
    {
        using var certificate = new CertificateRequest("CN=issuer", P256, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(P256.ExportParameters(false))));
        var json = $$"""{"crv":"{{jwk.Crv}}","kty":"{{jwk.Kty}}","x":"{{jwk.X}}","y":"{{jwk.Y}}"}""";

        yield return Named("RSA public key, PEM", Encoding.ASCII.GetBytes(Rsa.ExportSubjectPublicKeyInfoPem()));
        yield return Named("RSA public key, DER", Rsa.ExportSubjectPublicKeyInfo());
        yield return Named("RSA public key, PKCS 1, PEM", Encoding.ASCII.GetBytes(Rsa.ExportRSAPublicKeyPem()));
        yield return Named("RSA public key, PKCS 1, DER", Rsa.ExportRSAPublicKey());
        yield return Named("RSA private key, PKCS 8, DER", Rsa.ExportPkcs8PrivateKey());
        yield return Named("RSA private key, PKCS 1, DER", Rsa.ExportRSAPrivateKey());
        yield return Named("RSA private key, PEM", Encoding.ASCII.GetBytes(Rsa.ExportPkcs8PrivateKeyPem()));
        yield return Named("EC public key, PEM", Encoding.ASCII.GetBytes(P256.ExportSubjectPublicKeyInfoPem()));
        yield return Named("EC public key, DER", P256.ExportSubjectPublicKeyInfo());
        yield return Named("EC private key, PKCS 8, DER", P256.ExportPkcs8PrivateKey());
        yield return Named("EC private key, SEC 1, DER", P256.ExportECPrivateKey());
        yield return Named("certificate, PEM", Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        yield return Named("certificate, DER", certificate.Export(X509ContentType.Cert));
        yield return Named("JWK", Encoding.ASCII.GetBytes(json));
        yield return Named("JWK set", Encoding.ASCII.GetBytes($$"""{ "keys": [ {{json}} ] }"""));
        yield return Named("SSH key", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 somebody"u8.ToArray());
        yield return Named("SSH key, ECDSA", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY somebody"u8.ToArray());
        yield return Named("SSH key, its base64 alone", Convert.FromBase64String("AAAAC3NzaC1lZDI1NTE5AAAAIFZpYWRvdGhlcmVhcmVubzMyYnl0ZXNvZmtleWhlcmVz"));
        yield return Named("Ed25519 public key, DER", Convert.FromBase64String("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="));
        yield return Named("certificate, PEM, behind its text", Encoding.ASCII.GetBytes($"Certificate:\n    Data:\n{certificate.ExportCertificatePem()}"));
        yield return Named("public key, PEM, behind a byte order mark", [.. Encoding.UTF8.Preamble, .. Encoding.ASCII.GetBytes(Rsa.ExportSubjectPublicKeyInfoPem())]);

        static TestCaseData Named(string name, byte[] key) => new TestCaseData(key).SetArgDisplayNames(name);
    }

    private static IEnumerable<TestCaseData> TextsThatAreNotBase64()
    {
        yield return new TestCaseData(Rsa.ExportSubjectPublicKeyInfoPem()).SetArgDisplayNames("public key, PEM");
        yield return new TestCaseData(P256.ExportPkcs8PrivateKeyPem()).SetArgDisplayNames("private key, PEM");
        yield return new TestCaseData("""{"kty":"EC","crv":"P-256","x":"A","y":"A"}""").SetArgDisplayNames("JWK");
        yield return new TestCaseData("a secret of well over thirty-two characters!").SetArgDisplayNames("text");
    }

    private static IEnumerable<TestCaseData> InvalidKeyFiles()
    {
        using var weak = RSA.Create(1024);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var other256 = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));

        yield return Named("private RSA key", Rsa.ExportPkcs8PrivateKeyPem(), "holds a private key");
        yield return Named("private RSA key, PKCS 1", Rsa.ExportRSAPrivateKeyPem(), "holds a private key");
        yield return Named("private EC key", P256.ExportECPrivateKeyPem(), "holds a private key");
        yield return Named("private key, encrypted", P256.ExportEncryptedPkcs8PrivateKeyPem("password", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)), "holds a private key");
        yield return Named("private key beside the public one", Rsa.ExportSubjectPublicKeyInfoPem() + "\n" + Rsa.ExportPkcs8PrivateKeyPem(), "holds a private key");
        yield return Named("RSA 1024", weak.ExportSubjectPublicKeyInfoPem(), "fewer than 2048 bits");
        yield return Named("P-384", p384.ExportSubjectPublicKeyInfoPem(), "P-256");
        yield return Named("secp256k1, also of 256 bits", other256.ExportSubjectPublicKeyInfoPem(), "P-256");
        yield return Named("two keys", Rsa.ExportSubjectPublicKeyInfoPem() + "\n" + P256.ExportSubjectPublicKeyInfoPem(), "P-256");
        yield return Named("text", "this is no key", "P-256");

        static TestCaseData Named(string name, string text, string reason) =>
            new TestCaseData(text, reason).SetArgDisplayNames(name);
    }

    private static (string Name, string? Value)[] With(params (string Name, string? Value)[] settings) =>
        [($"{Bearer}:ValidIssuer", Issuer), ($"{Bearer}:ValidAudiences:0", Audience), .. settings];

    private static TokenAuthenticationOptions Settings(IEnumerable<(string Name, string? Value)> settings)
    {
        var values = new Dictionary<string, string?>();
        foreach (var (name, value) in settings)
        {
            values[name] = value;
        }

        return TokenAuthenticationOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
    }

    private static IReadOnlyList<TrustedIssuer> Read(IEnumerable<(string Name, string? Value)> settings, bool development = false) =>
        TrustedIssuerConfiguration.Read(Settings(settings), development, TimeProvider.System, NullLogger.Instance);

    private static string ReadError((string Name, string? Value)[] settings)
    {
        var message = Should.Throw<InvalidConfigurationException>(() => Read(settings)).Message;

        if (settings.FirstOrDefault(setting => setting.Name == Secret).Value is { Length: > 0 } secret)
        {
            message.ShouldNotContain(secret);
        }

        return message;
    }

    private string FolderWith(params string[] files)
    {
        for (var i = 0; i < files.Length; i++)
        {
            File.WriteAllText(Path.Combine(folder, $"{i}.pem"), files[i]);
        }

        return folder;
    }

    private static bool Accepts(IReadOnlyList<TrustedIssuer> sources, string token) =>
        new JwtValidator(sources, authority: null, defaultRole: null, new TimeBudgets(), NullLogger<JwtValidator>.Instance)
            .ValidateTokenAsync(token, new TokenValidationParameters()).GetAwaiter().GetResult().IsValid;

    private static string Token(SecurityKey key, string algorithm, string? issuer = Issuer, string? audience = Audience) =>
        Token(key, algorithm, TimeSpan.FromHours(1), issuer, audience);

    private static string Token(SecurityKey key, string algorithm, TimeSpan? expires, string? issuer = Issuer, string? audience = Audience) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            Expires = DateTime.UtcNow + expires,
            Claims = new Dictionary<string, object> { ["sub"] = "somebody" },
            SigningCredentials = new SigningCredentials(key, algorithm),
        });
}
