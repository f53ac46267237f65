using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Deployments.WebConsole.SignIn;

/// <summary>Codes that sign in, each once and for five minutes. Kept in memory: only the instance that made a code takes it.</summary>
internal sealed class SignInCodes(TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, (string Token, DateTimeOffset Expires)> tokens = new(StringComparer.Ordinal);

    public string Create(string token)
    {
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        tokens[code] = (token, clock.GetUtcNow() + Lifetime);
        return code;
    }

    /// <returns>The token; null if the code was used, is too old, or was never made.</returns>
    public string? Use(string code) =>
        tokens.TryRemove(code, out var kept) && clock.GetUtcNow() < kept.Expires ? kept.Token : null;
}
