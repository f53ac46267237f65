using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;

namespace Deployments.WebConsole.SignIn;

/// <summary>Who is signed in.</summary>
/// <param name="Token">The token, with which the API is called.</param>
/// <param name="Project">The project that is shown.</param>
/// <param name="Name">The token's subject.</param>
/// <param name="Expires">When the token expires.</param>
internal sealed record Visitor(string Token, string Project, string Name, DateTimeOffset Expires)
{
    private const string TokenClaim = "token";
    private const string ProjectClaim = "project";
    private const string NameClaim = "sub";
    private const string ExpiresClaim = "exp";

    public static Visitor Of(HttpContext context)
    {
        var user = context.User;
        return new Visitor(
            user.FindFirstValue(TokenClaim)!,
            user.FindFirstValue(ProjectClaim)!,
            user.FindFirstValue(NameClaim)!,
            DateTimeOffset.FromUnixTimeSeconds(long.Parse(user.FindFirstValue(ExpiresClaim)!, CultureInfo.InvariantCulture)));
    }

    public ClaimsPrincipal ToPrincipal() => new(new ClaimsIdentity(
        [
            new Claim(TokenClaim, Token),
            new Claim(ProjectClaim, Project),
            new Claim(NameClaim, Name),
            new Claim(ExpiresClaim, Expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
        ],
        ConsoleCookie.SignIn));
}
