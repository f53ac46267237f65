using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Deployments.TestSupport;

/// <summary>
/// A JSON Web Token, by default one that the tests' service accepts. It is made by hand rather than by the library that the service
/// verifies with, so every part of it can be wrong.
/// </summary>
internal sealed record Token(string? Project)
{
    public const string TrustedIssuer = "https://identity.test";
    public const string OurAudience = "deployments-tests";

    public static byte[] Secret { get; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>Settings that let <see cref="Secret"/> sign tokens.</summary>
    public static IReadOnlyDictionary<string, string> SigningKeys { get; } = new Dictionary<string, string>
    {
        ["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = TrustedIssuer,
        ["Authentication:Schemes:Bearer:SigningKeys:0:Value"] = Convert.ToBase64String(Secret),
    };

    /// <summary>Settings that make a service accept a token by default.</summary>
    public static IReadOnlyDictionary<string, string> IssuerSettings { get; } = new Dictionary<string, string>(SigningKeys)
    {
        ["Authentication:Schemes:Bearer:ValidIssuer"] = TrustedIssuer,
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = OurAudience,
    };

    public string Algorithm { get; init; } = "HS256";

    /// <summary>Null leaves it out.</summary>
    public string? KeyId { get; init; }

    public Func<byte[], byte[]> Signature { get; init; } = Hmac(Secret);

    public string Subject { get; init; } = "tester";

    public string? Issuer { get; init; } = TrustedIssuer;

    public string? Audience { get; init; } = OurAudience;

    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? Expires { get; init; } = DateTimeOffset.UtcNow.AddHours(1);

    /// <summary>Null leaves the claim out.</summary>
    public IReadOnlyList<string>? Roles { get; init; } = ["member"];

    public string ProjectClaim { get; init; } = "project_id";

    /// <summary>Stands in the project's claim in place of the project.</summary>
    public object? ProjectValue { get; init; }

    public static Func<byte[], byte[]> Hmac(byte[] secret) => text => HMACSHA256.HashData(secret, text);

    public static Func<byte[], byte[]> Rsa(RSA key) => text => key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public static Func<byte[], byte[]> Ec(ECDsa key) => text => key.SignData(text, HashAlgorithmName.SHA256);

    public override string ToString()
    {
        var claims = new Dictionary<string, object?>
        {
            ["sub"] = Subject,
            [ProjectClaim] = ProjectValue ?? Project,
            ["roles"] = Roles,
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["nbf"] = NotBefore?.ToUnixTimeSeconds(),
            ["exp"] = Expires?.ToUnixTimeSeconds(),
        };
        var header = new Dictionary<string, object?> { ["alg"] = Algorithm, ["typ"] = "JWT", ["kid"] = KeyId };
        var signed = $"{Part(header)}.{Part(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(Signature(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Part(Dictionary<string, object?> members) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(members.Where(member => member.Value is not null).ToDictionary()));
}
