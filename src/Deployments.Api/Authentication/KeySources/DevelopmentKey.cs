using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.KeySources;

/// <summary>
/// The key of the tokens that developers create for themselves. It is not a secret: it is accepted in Development only, and a service that is
/// configured with it elsewhere refuses to start.
/// </summary>
internal static class DevelopmentKey
{
    public const string Issuer = "deployments-development";
    public const string Audience = "deployments";

    public static SymmetricSecurityKey Key { get; } = new(Encoding.UTF8.GetBytes("deployments: the development key, known to everybody"));

    public static string CreateToken(string project, IEnumerable<string> roles, TimeSpan lifetime)
    {
        var now = DateTime.UtcNow;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + lifetime,
            Claims = new Dictionary<string, object>
            {
                [TrustedIssuerConfiguration.SubjectClaim] = "developer",
                [TrustedIssuerConfiguration.ProjectClaim] = project,
                [TrustedIssuerConfiguration.RolesClaim] = roles.ToArray(),
            },
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.HmacSha256),
        });
    }
}
