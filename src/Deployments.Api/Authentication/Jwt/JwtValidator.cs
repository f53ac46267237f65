using System.Security.Claims;
using System.Text.Json;
using Deployments.Api.Authentication.KeySources;
using Deployments.Application.Common;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.Jwt;

/// <summary>
/// Validates a token with each issuer whose keys have its algorithm, and reduces it to the claims that the service uses: subject, project
/// and roles.
/// </summary>
internal sealed partial class JwtValidator(
    IReadOnlyList<TrustedIssuer> sources, TrustedIssuer? authority, string? defaultRole, TimeBudgets budgets, ILogger<JwtValidator> logger)
    : TokenHandler, IDisposable
{
    private static readonly JsonWebTokenHandler Jwt = new() { MapInboundClaims = false };

    /// <summary>Changes whenever a key in a folder changes.</summary>
    public int KeysVersion => sources.Sum(source => source.Folder?.Version ?? 0);

    /// <summary>How many keys of each kind are in use, and the authority that has others.</summary>
    public string Keys => string.Join(", ", sources
        .GroupBy(source => source.KeyName)
        .Select(kind => (Name: kind.Key, Count: kind.Sum(source => source.Folder?.Keys.Count() ?? 1)))
        .Select(kind => $"{kind.Count} {kind.Name}{(kind.Count == 1 ? string.Empty : "s")}")
        .Concat(authority is null ? [] : [authority.KeyName]));

    /// <param name="token">The token as it was sent.</param>
    /// <param name="validationParameters">JwtBearer's; used only for the discovery behind Authority.</param>
    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        if (!Jwt.CanReadToken(token))
        {
            return Failed(new SecurityTokenMalformedException("This is not a JSON Web Token."));
        }

        JsonWebToken read;
        try
        {
            read = Jwt.ReadJsonWebToken(token);
            if (HasCriticalExtension(read))
            {
                return Failed(new CriticalExtensionException());
            }
        }
        catch (Exception exception) when (exception is ArgumentException or JsonException)
        {
            return Failed(new SecurityTokenMalformedException("This is not a JSON Web Token."));
        }

        Exception? failure = null;
        foreach (var source in sources.Where(source => IsFor(read.Alg, source)))
        {
            var result = await Jwt.ValidateTokenAsync(token, source.Parameters);
            if (result.IsValid)
            {
                return Verified(result, source);
            }

            // Prefer a failure after signature validation: it is more specific than a wrong key.
            failure = failure is null or SecurityTokenInvalidSignatureException ? result.Exception : failure;
        }

        if (authority is not null && IsFor(read.Alg, authority))
        {
            var parameters = authority.Parameters.Clone();
            parameters.ConfigurationManager = validationParameters.ConfigurationManager;
            var result = await DiscoverAsync(parameters.ConfigurationManager, authority) ?? await Jwt.ValidateTokenAsync(token, parameters);
            if (result.IsValid)
            {
                return Verified(result, authority);
            }

            failure = failure is null or SecurityTokenInvalidSignatureException ? result.Exception : failure;
        }

        return Failed(failure ?? new SecurityTokenInvalidAlgorithmException("No key is configured for this algorithm."));
    }

    public void Dispose()
    {
        foreach (var source in sources)
        {
            source.Folder?.Dispose();
        }
    }

    // RFC 7515, 4.1.11: a token with an unsupported critical extension is invalid, and this service supports none.
    private static bool HasCriticalExtension(JsonWebToken token)
    {
        using var header = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedHeader));
        return header.RootElement.TryGetProperty("crit", out _);
    }

    private static bool IsFor(string algorithm, TrustedIssuer source) => source.Parameters.ValidAlgorithms.Contains(algorithm);

    /// <summary>
    /// A failure where the authority's keys have never been discovered: the library would report an invalid signature. Keys that were
    /// discovered once stay in use while the authority is unavailable.
    /// </summary>
    private async Task<TokenValidationResult?> DiscoverAsync(BaseConfigurationManager discovery, TrustedIssuer source)
    {
        try
        {
            await discovery.GetBaseConfigurationAsync(CancellationToken.None).WaitAsync(budgets.Discovery);
            return null;
        }
        catch (Exception exception)
        {
            LogUndiscovered(source.KeyName, CauseOf(exception.GetBaseException()));
            return Failed(new AuthorityUnavailableException());
        }
    }

    // The library's own messages quote the whole address, which may contain a password.
    private static string CauseOf(Exception cause) =>
        cause is TimeoutException or OperationCanceledException ? "It did not respond in time."
        : cause.Data[HttpDocumentRetriever.StatusCode] is { } status ? $"It responded with {status}."
        : cause.Message.StartsWith("IDX", StringComparison.Ordinal) ? "Its response is not a configuration of OpenID Connect."
        : cause.Message.ReplaceLineEndings(" ");

    private TokenValidationResult Verified(TokenValidationResult result, TrustedIssuer source) => new()
    {
        IsValid = true,
        SecurityToken = new VerifiedToken(result.SecurityToken.ValidFrom, result.SecurityToken.ValidTo),
        ClaimsIdentity = CreateIdentity((JsonWebToken)result.SecurityToken, source.ProjectClaim),
    };

    private ClaimsIdentity CreateIdentity(JsonWebToken token, string projectClaim)
    {
        var identity = new ClaimsIdentity(nameof(JwtValidator), TrustedIssuerConfiguration.SubjectClaim, TrustedIssuerConfiguration.RolesClaim);
        identity.AddClaim(new Claim(TrustedIssuerConfiguration.SubjectClaim, RemoveUnstorableCharacters(token.Subject)));

        // A token is for one project: a list, or anything but a string, names none.
        if (token.Claims.Where(claim => claim.Type == projectClaim).ToList() is [{ ValueType: ClaimValueTypes.String } project])
        {
            identity.AddClaim(new Claim(TrustedIssuerConfiguration.ProjectClaim, project.Value));
        }

        // An empty list of roles counts: such a token may do nothing.
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

    // The subject is stored in events, and PostgreSQL's text cannot contain NUL or a lone surrogate.
    private static string RemoveUnstorableCharacters(string? subject) =>
        string.Concat((subject ?? string.Empty).EnumerateRunes().Where(character => character.Value != 0));

    private static TokenValidationResult Failed(Exception exception) => new() { IsValid = false, Exception = exception };

    [LoggerMessage(LogLevel.Error, "Authentication:Schemes:Bearer:Authority: the keys of {Authority} cannot be discovered. {Reason}")]
    private partial void LogUndiscovered(string authority, string reason);
}

/// <summary>The token has a <c>crit</c> header.</summary>
internal sealed class CriticalExtensionException() : SecurityTokenValidationException("The token has a crit header.");

/// <summary>The keys that the token needs cannot be discovered now.</summary>
internal sealed class AuthorityUnavailableException() : SecurityTokenValidationException("The identity service cannot be reached.");
