using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Deployments.Api.Mvc.Binding;

/// <summary>Decodes the path as it was sent: the server's own decoding leaves %2F encoded and ignores invalid UTF-8.</summary>
internal static class PercentEncoding
{
    /// <summary>The path, still encoded, without the query.</summary>
    public static string RawPath(this HttpRequest request) =>
        (request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? string.Empty).Split('?', 2)[0];

    /// <summary>Decodes percent-encoded text, once.</summary>
    public static byte[] DecodeToBytes(string encoded)
    {
        var text = Encoding.UTF8.GetBytes(encoded);
        if (!text.Contains((byte)'%'))
        {
            return text;
        }

        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%'
                && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.Add(text[i]);
            }
        }

        return [.. bytes];
    }
}
