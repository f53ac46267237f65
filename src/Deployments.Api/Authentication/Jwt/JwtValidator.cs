using System.Security.Claims;
using Deployments.Api.Authentication.KeySources;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.Jwt;

/// <summary>
/// Verifies a token against each source whose keys fit its algorithm, and reduces it to what this service asks of it: who, which
/// project, which roles.
/// </summary>
internal sealed partial class JwtValidator(
    IReadOnlyList<TrustedIssuer> sources, TrustedIssuer? authority, string? defaultRole, ILogger<JwtValidator> logger) : TokenHandler
{
    /// <summary>Leaves time to answer within the five seconds that are promised where something of ours is away.</summary>
    public static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(3);

    private static readonly JsonWebTokenHandler Jwt = new() { MapInboundClaims = false };

    /// <summary>Another number where any of the keys that are held here have changed.</summary>
    public int KeysVersion => sources.Sum(source => source.Folder?.Version ?? 0);

    /// <param name="token">The token as it came.</param>
    /// <param name="validationParameters">JwtBearer's, for the sake of the discovery behind Authority alone.</param>
    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        if (!Jwt.CanReadToken(token))
        {
            return Failed(new SecurityTokenMalformedException("This is no JSON Web Token."));
        }

        JsonWebToken read;
        try
        {
            read = Jwt.ReadJsonWebToken(token);
        }
        catch (ArgumentException)
        {
            return Failed(new SecurityTokenMalformedException("This is no JSON Web Token."));
        }

        Exception? failure = null;
        foreach (var source in sources.Where(source => IsFor(read.Alg, source)))
        {
            var result = await Jwt.ValidateTokenAsync(token, source.Parameters);
            if (result.IsValid)
            {
                return Verified(result, source);
            }

            // A failure past the signature says more than that another source's keys do not fit.
            failure = failure is null or SecurityTokenInvalidSignatureException ? result.Exception : failure;
        }

        if (authority is not null && IsFor(read.Alg, authority))
        {
            var parameters = authority.Parameters.Clone();
            parameters.ConfigurationManager = validationParameters.ConfigurationManager;
            var result = await DiscoverAsync(parameters.ConfigurationManager) ?? await Jwt.ValidateTokenAsync(token, parameters);
            if (result.IsValid)
            {
                return Verified(result, authority);
            }

            failure = failure is null or SecurityTokenInvalidSignatureException ? result.Exception : failure;
        }

        return Failed(failure ?? new SecurityTokenInvalidAlgorithmException("No key here is for this token's algorithm."));
    }

    private static bool IsFor(string algorithm, TrustedIssuer source) => source.Parameters.ValidAlgorithms.Contains(algorithm);

    /// <summary>
    /// A failure where the authority's keys have never been found: the library would say of every token that its signature is wrong. Keys
    /// that were found once are kept while the authority is away.
    /// </summary>
    private async Task<TokenValidationResult?> DiscoverAsync(BaseConfigurationManager discovery)
    {
        try
        {
            await discovery.GetBaseConfigurationAsync(CancellationToken.None).WaitAsync(DiscoveryTimeout);
            return null;
        }
        catch (Exception exception)
        {
            LogUndiscovered(exception.Message);
            return Failed(new AuthorityUnavailableException());
        }
    }

    private TokenValidationResult Verified(TokenValidationResult result, TrustedIssuer source) => new()
    {
        IsValid = true,
        SecurityToken = result.SecurityToken,
        ClaimsIdentity = CreateIdentity((JsonWebToken)result.SecurityToken, source.ProjectClaim),
    };

    private ClaimsIdentity CreateIdentity(JsonWebToken token, string projectClaim)
    {
        var identity = new ClaimsIdentity(nameof(JwtValidator), TrustedIssuerConfiguration.SubjectClaim, TrustedIssuerConfiguration.RolesClaim);
        identity.AddClaim(new Claim(TrustedIssuerConfiguration.SubjectClaim, RemoveUnstorableCharacters(token.Subject)));

        // A token acts in one project: a list of them, or what is no string, names none.
        if (token.Claims.Where(claim => claim.Type == projectClaim).ToList() is [{ ValueType: ClaimValueTypes.String } project])
        {
            identity.AddClaim(new Claim(TrustedIssuerConfiguration.ProjectClaim, project.Value));
        }

        // An empty list of roles is a list of roles: such a token may do nothing.
        if (token.TryGetPayloadValue<object>(TrustedIssuerConfiguration.RolesClaim, out _))
        {
            identity.AddClaims(token.Claims
                .Where(claim => claim.Type == TrustedIssuerConfiguration.RolesClaim)
                .Select(claim => new Claim(TrustedIssuerConfiguration.RolesClaim, claim.Value)));
        }
        else if (!string.IsNullOrEmpty(defaultRole))
        {
            identity.AddClaim(new Claim(TrustedIssuerConfiguration.RolesClaim, defaultRole));
        }

        return identity;
    }

    // The subject goes into the history, and PostgreSQL's text has neither NUL nor half a surrogate pair.
    private static string RemoveUnstorableCharacters(string? subject) =>
        string.Concat((subject ?? string.Empty).EnumerateRunes().Where(character => character.Value != 0));

    private static TokenValidationResult Failed(Exception exception) => new() { IsValid = false, Exception = exception };

    [LoggerMessage(LogLevel.Error, "The keys of Authentication:Schemes:Bearer:Authority cannot be discovered. {Reason}")]
    private partial void LogUndiscovered(string reason);
}

/// <summary>The keys that would tell whether a token is good cannot be had now.</summary>
internal sealed class AuthorityUnavailableException() : SecurityTokenValidationException("The identity service cannot be reached.");
