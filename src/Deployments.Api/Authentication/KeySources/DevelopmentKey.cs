using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.KeySources;

/// <summary>
/// The key of the tokens that developers make for themselves. It is no secret, so it is accepted in Development alone, and a
/// service that is given it anywhere else refuses to start.
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
