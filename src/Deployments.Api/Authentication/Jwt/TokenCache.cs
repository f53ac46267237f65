using Deployments.Api.Authentication.KeySources;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.Jwt;

/// <summary>
/// Caches valid tokens for a minute, since verifying a signature costs as much as the rest of a request. A token is never used beyond its expiry
/// or after a change of the configured keys, and the cache is bounded in characters.
/// </summary>
internal sealed class TokenCache(JwtValidator handler, TimeProvider clock) : TokenHandler, IDisposable
{
    private const int MaxCharacters = 4 * 1024 * 1024;
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(1);

    private readonly MemoryCache verified = new(new MemoryCacheOptions { SizeLimit = MaxCharacters });

    /// <summary>The number of cached tokens.</summary>
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
            var kept = left < MaxLifetime ? left : MaxLifetime;
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

    // Changes that one request makes to its identity must not reach the next.
    private static TokenValidationResult Copy(TokenValidationResult result) => new()
    {
        IsValid = true,
        SecurityToken = result.SecurityToken,
        ClaimsIdentity = result.ClaimsIdentity.Clone(),
    };

    private sealed record Entry(TokenValidationResult Result, int KeysVersion, DateTimeOffset Until);
}
