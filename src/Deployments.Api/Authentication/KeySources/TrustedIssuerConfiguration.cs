using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Deployments.Api.Options;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.KeySources;

/// <summary>An issuer: what its keys are called, its keys, the claims that its tokens must have, and the claim that contains the project.</summary>
internal sealed record TrustedIssuer(string KeyName, TokenValidationParameters Parameters, string ProjectClaim, PublicKeyFolder? Folder = null);

/// <summary>
/// Reads the trusted issuers from the configuration. The algorithm is pinned to the kind of key, and only Keystone's tokens may lack issuer
/// and audience. Any setting that is ambiguous is a refusal to start.
/// </summary>
internal static class TrustedIssuerConfiguration
{
    public const string ProjectClaim = "project_id";
    public const string RolesClaim = "roles";
    public const string SubjectClaim = "sub";

    /// <summary>The accepted clock difference to the issuers of tokens.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private const string BearerSection = TokenAuthenticationOptions.BearerSection;
    private const string PublicKeysSetting = $"{TokenAuthenticationOptions.Section}:{nameof(TokenAuthenticationOptions.PublicKeys)}";
    private const string KeystoneSetting =
        $"{TokenAuthenticationOptions.Section}:{nameof(TokenAuthenticationOptions.Keystone)}:{nameof(KeystoneOptions.PublicKeys)}";

    private const int MinSecretBytes = 32;

    // PEM, JSON Web Keys and SSH keys, anywhere in the text: files often begin with a byte order mark or a description.
    private static readonly string[] KeyMarkers = ["-----BEGIN", "\"kty\"", "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-"];

    /// <summary>The issuers whose keys are configured here; that of <c>Authority</c> is <see cref="ForAuthority"/>.</summary>
    public static IReadOnlyList<TrustedIssuer> Read(TokenAuthenticationOptions settings, bool development, TimeProvider clock, ILogger logger)
    {
        var sources = new List<TrustedIssuer>();
        var bearer = settings.Schemes.Bearer;

        foreach (var (number, secret) in bearer.SigningKeys)
        {
            var parameters = WithIssuerAndAudience(Issuers(bearer, secret.Issuer), bearer, clock);
            parameters.IssuerSigningKeys = [ReadSecret($"{BearerSection}:SigningKeys:{number}:Value", secret.Value, development)];
            parameters.ValidAlgorithms = [SecurityAlgorithms.HmacSha256];
            sources.Add(new TrustedIssuer("signing key", parameters, settings.ProjectClaim));
        }

        if (settings.PublicKeys is { Length: > 0 } folder)
        {
            var parameters = WithIssuerAndAudience(Issuers(bearer, null), bearer, clock);
            parameters.ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];
            sources.Add(WithKeysOf("public key", new PublicKeyFolder(PublicKeysSetting, folder, clock, logger), parameters, settings.ProjectClaim));
        }

        if (settings.Keystone.PublicKeys is { Length: > 0 } keystone)
        {
            var parameters = BaseParameters(clock);
            parameters.ValidateIssuer = false;
            parameters.ValidateAudience = false;
            parameters.ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256];
            sources.Add(WithKeysOf(
                "Keystone key", new PublicKeyFolder(KeystoneSetting, keystone, clock, logger), parameters, settings.Keystone.ProjectClaim));
        }

        if (development)
        {
            var parameters = BaseParameters(clock);
            parameters.ValidIssuer = DevelopmentKey.Issuer;
            parameters.ValidAudience = DevelopmentKey.Audience;
            parameters.IssuerSigningKeys = [DevelopmentKey.Key];
            parameters.ValidAlgorithms = [SecurityAlgorithms.HmacSha256];
            sources.Add(new TrustedIssuer("development key", parameters, ProjectClaim));
        }

        return sources.Count > 0 || !string.IsNullOrEmpty(bearer.Authority)
            ? sources
            : throw new InvalidConfigurationException(
                $"No source of token keys is configured. Set {BearerSection}:Authority, {BearerSection}:SigningKeys, "
                + $"{PublicKeysSetting} or {KeystoneSetting}. To try the service out with the tokens of its command token, start it in Development: "
                + "--environment Development.");
    }

    /// <summary>The rules for tokens whose keys OpenID Connect discovers, as it does their issuer; null if no authority is configured.</summary>
    /// <exception cref="InvalidConfigurationException">The authority is not an address, or no audience is configured.</exception>
    public static TrustedIssuer? ForAuthority(TokenAuthenticationOptions settings, TimeProvider clock)
    {
        if (settings.Schemes.Bearer.Authority is not { Length: > 0 } authority)
        {
            return null;
        }

        if (!Uri.TryCreate(authority, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
        {
            throw new InvalidConfigurationException($"{BearerSection}:Authority must be an absolute address, such as https://id.example.org/realm.");
        }

        var parameters = BaseParameters(clock);
        parameters.ValidAudiences = Audiences(settings.Schemes.Bearer);
        parameters.ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];
        return new TrustedIssuer($"authority {address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)}", parameters, settings.ProjectClaim);
    }

    private static TrustedIssuer WithKeysOf(string keyName, PublicKeyFolder folder, TokenValidationParameters parameters, string projectClaim)
    {
        parameters.IssuerSigningKeyResolver = (_, _, _, _) => folder.Keys;
        return new TrustedIssuer(keyName, parameters, projectClaim, folder);
    }

    private static TokenValidationParameters BaseParameters(TimeProvider clock) => new()
    {
        ValidateIssuer = true,
        ValidateAudience = true,
        ValidateLifetime = true,
        RequireSignedTokens = true,
        TryAllIssuerSigningKeys = true, // tokens without a kid
        LifetimeValidator = (notBefore, expires, _, _) => IsAlive(notBefore, expires, clock.GetUtcNow().UtcDateTime),
    };

    // The library's own validation uses the machine's clock, which no test can set. A token without an expiry time is never valid.
    private static bool IsAlive(DateTime? notBefore, DateTime? expires, DateTime now) =>
        expires is not { } end ? throw new SecurityTokenNoExpirationException()
        : notBefore > end ? throw new SecurityTokenInvalidLifetimeException()
        : notBefore > now + ClockSkew ? throw new SecurityTokenNotYetValidException()
        : end >= now - ClockSkew ? true
        : throw new SecurityTokenExpiredException();

    private static TokenValidationParameters WithIssuerAndAudience(List<string> issuers, BearerOptions bearer, TimeProvider clock)
    {
        var parameters = BaseParameters(clock);
        parameters.ValidIssuers = issuers;
        parameters.ValidAudiences = Audiences(bearer);
        return parameters;
    }

    private static List<string> Issuers(BearerOptions bearer, string? ofKey)
    {
        var issuers = ValuesOf(bearer.ValidIssuer, bearer.ValidIssuers);
        if (issuers.Count == 0)
        {
            throw new InvalidConfigurationException($"{BearerSection}:ValidIssuer is required with configured keys.");
        }

        return ofKey is null ? issuers
            : issuers.Contains(ofKey) ? [ofKey]
            : throw new InvalidConfigurationException($"{BearerSection}:SigningKeys has a key of the issuer {ofKey}, which ValidIssuer does not name.");
    }

    private static List<string> Audiences(BearerOptions bearer) =>
        ValuesOf(bearer.ValidAudience, bearer.ValidAudiences) is { Count: > 0 } audiences
            ? audiences
            : throw new InvalidConfigurationException($"{BearerSection}:ValidAudiences is required.");

    private static List<string> ValuesOf(string? single, IReadOnlyList<string> several) =>
        [.. several.Prepend(single).Where(value => !string.IsNullOrEmpty(value)).Select(value => value!)];

    private static SymmetricSecurityKey ReadSecret(string setting, string? secret, bool development)
    {
        byte[] bytes;
        try
        {
            bytes = Convert.FromBase64String(secret ?? string.Empty);
        }
        catch (FormatException)
        {
            throw new InvalidConfigurationException($"{setting} must be a secret in base64. A public key belongs in the folder {PublicKeysSetting}.");
        }

        if (IsAsymmetricKey(bytes))
        {
            throw new InvalidConfigurationException(
                $"{setting} is a public or private key, not a secret: anyone who has the public key could sign tokens with it. "
                + $"Put the public key into the folder {PublicKeysSetting}.");
        }

        if (bytes.Length < MinSecretBytes)
        {
            throw new InvalidConfigurationException($"{setting} must be at least {MinSecretBytes} bytes.");
        }

        if (!development && bytes.AsSpan().SequenceEqual(DevelopmentKey.Key.Key))
        {
            throw new InvalidConfigurationException($"{setting} is the development key, which is public. It is for Development only.");
        }

        return new SymmetricSecurityKey(bytes);
    }

    private static bool IsAsymmetricKey(byte[] bytes)
    {
        var text = Encoding.ASCII.GetString(bytes);
        if (Array.Exists(KeyMarkers, mark => text.Contains(mark, StringComparison.Ordinal)))
        {
            return true;
        }

        using var rsa = RSA.Create();
        using var ec = ECDsa.Create();
        return Imports(() => PublicKey.CreateFromSubjectPublicKeyInfo(bytes, out _))
            || Imports(() => rsa.ImportRSAPublicKey(bytes, out _))
            || Imports(() => rsa.ImportPkcs8PrivateKey(bytes, out _))
            || Imports(() => rsa.ImportRSAPrivateKey(bytes, out _))
            || Imports(() => ec.ImportPkcs8PrivateKey(bytes, out _))
            || Imports(() => ec.ImportECPrivateKey(bytes, out _))
            || Imports(() => X509CertificateLoader.LoadCertificate(bytes).Dispose());
    }

    private static bool Imports(Action import)
    {
        try
        {
            import();
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
