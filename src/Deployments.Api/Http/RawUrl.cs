using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Deployments.Api.Http;

/// <summary>The address as it came over the wire: the server's own decoding leaves %2F as it is and passes over what is no UTF-8.</summary>
internal static class RawUrl
{
    /// <summary>The path, still encoded, without the query.</summary>
    public static string RawPath(this HttpRequest request) =>
        (request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? string.Empty).Split('?', 2)[0];

    /// <summary>The bytes that percent-encoded text stands for, decoded once.</summary>
    public static byte[] Decode(string encoded)
    {
        if (!encoded.Contains('%', StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetBytes(encoded);
        }

        var bytes = new List<byte>(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%'
                && i + 2 < encoded.Length
                && byte.TryParse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(encoded, i, 1));
            }
        }

        return [.. bytes];
    }
}
