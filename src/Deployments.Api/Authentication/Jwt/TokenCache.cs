using Deployments.Api.Authentication.KeySources;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.Jwt;

/// <summary>
/// Remembers for a minute which tokens were verified, for checking a signature costs as much as all else that a request does. Only
/// successes are kept, none beyond its token's life, none past a change of the keys that are held here, and no more than a bounded
/// number of characters.
/// </summary>
internal sealed class TokenCache(JwtValidator handler, TimeProvider clock) : TokenHandler, IDisposable
{
    private const int MaxCharacters = 4 * 1024 * 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly MemoryCache verified = new(new MemoryCacheOptions { SizeLimit = MaxCharacters });

    /// <summary>How many tokens are remembered.</summary>
    public int Count => verified.Count;

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        var keys = handler.KeysVersion;
        var now = clock.GetUtcNow();
        if (verified.TryGetValue(token, out var found) && found is Entry entry && entry.KeysVersion == keys && now < entry.Until)
        {
            return Copy(entry.Result);
        }

        var result = await handler.ValidateTokenAsync(token, validationParameters);
        if (result.IsValid)
        {
            var left = result.SecurityToken.ValidTo - now.UtcDateTime + TrustedIssuerConfiguration.ClockSkew;
            var kept = left < Longest ? left : Longest;
            if (kept > TimeSpan.Zero)
            {
                verified.Set(
                    token,
                    new Entry(Copy(result), keys, now + kept),
                    new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = kept, Size = token.Length });
            }
        }

        return result;
    }

    public void Dispose() => verified.Dispose();

    // What one request adds to its identity is not the next one's.
    private static TokenValidationResult Copy(TokenValidationResult result) => new()
    {
        IsValid = true,
        SecurityToken = result.SecurityToken,
        ClaimsIdentity = result.ClaimsIdentity.Clone(),
    };

    private sealed record Entry(TokenValidationResult Result, int KeysVersion, DateTimeOffset Until);
}
