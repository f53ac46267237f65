using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication;

/// <summary>
/// Remembers for a minute which tokens were verified, for checking a signature costs as much as all else that a request does. Only
/// successes are kept, none beyond its token's life, none past a change of the keys, and no more than a bounded number.
/// </summary>
internal sealed class TokenCache(SignedTokenHandler handler) : TokenHandler, IDisposable
{
    private const int MaxTokens = 4_096;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly MemoryCache verified = new(new MemoryCacheOptions { SizeLimit = MaxTokens });

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        var keys = handler.KeysVersion;
        if (verified.TryGetValue(token, out var found) && found is Entry entry && entry.KeysVersion == keys)
        {
            return Copy(entry.Result);
        }

        var result = await handler.ValidateTokenAsync(token, validationParameters);
        if (result.IsValid)
        {
            // A difference, because the end of time, which a token may name, plus the skew is no time.
            var now = DateTime.UtcNow;
            var left = result.SecurityToken.ValidTo - now + TokenSources.ClockSkew;
            verified.Set(
                token,
                new Entry(Copy(result), keys),
                new MemoryCacheEntryOptions { AbsoluteExpiration = now + (left < Longest ? left : Longest), Size = 1 });
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

    private sealed record Entry(TokenValidationResult Result, int KeysVersion);
}
