using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Deployments.WebConsole;

/// <summary>What a page of the console may load and do: its own stylesheet and script, by a nonce, and nothing of another host.</summary>
internal static class ContentPolicy
{
    private static readonly object NonceKey = new();

    public static string NonceOf(HttpContext context) => (string)context.Items[NonceKey]!;

    public static void Apply(HttpContext context)
    {
        var nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        context.Items[NonceKey] = nonce;
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; connect-src 'self'; "
            + "form-action 'self'; base-uri 'self'; frame-ancestors 'none'";
    }
}
