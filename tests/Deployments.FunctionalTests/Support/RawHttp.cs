using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Deployments.FunctionalTests.Support;

/// <summary>Raw requests over a connection of their own, for what no HTTP client would send.</summary>
internal static class RawHttp
{
    public static async Task<TcpClient> ConnectAsync(Service service)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        return client;
    }

    /// <summary>Sends a head, completed by its end, and a body; returns the response, or null if the server closed the connection without one.</summary>
    public static async Task<ApiResponse?> SendAsync(Service service, byte[] head, byte[] body)
    {
        using var client = await ConnectAsync(service);
        var stream = client.GetStream();
        var response = ReadAsync(stream);
        try
        {
            await stream.WriteAsync(head);
            await stream.WriteAsync("Connection: close\r\n\r\n"u8.ToArray());
            await stream.WriteAsync(body);
        }
        catch (IOException)
        {
            // The server has responded already, and reads no more.
        }

        return await response;
    }

    /// <summary>Reads one response, which ends when the server closes the connection.</summary>
    public static async Task<ApiResponse?> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all).WaitAsync(Service.Timeout);
        }
        catch (IOException)
        {
            // Reset after the response: keep what was received.
        }

        var text = Encoding.UTF8.GetString(all.ToArray());
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        var lines = text[..end].Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .GroupBy(header => header[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Select(each => each[^1])), StringComparer.OrdinalIgnoreCase);
        var body = text[(end + 4)..];
        return new ApiResponse(
            (HttpStatusCode)int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture),
            headers,
            headers.ContainsKey("Transfer-Encoding") ? Unchunk(Encoding.UTF8.GetBytes(body)) : body);
    }

    private static string Unchunk(byte[] chunks)
    {
        using var body = new MemoryStream();
        for (var at = 0; at < chunks.Length;)
        {
            var line = chunks.AsSpan(at).IndexOf("\r\n"u8);
            if (line < 0 || !int.TryParse(chunks.AsSpan(at, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var length) || length == 0)
            {
                break;
            }

            at += line + 2;
            body.Write(chunks, at, Math.Min(length, chunks.Length - at));
            at += length + 2;
        }

        return Encoding.UTF8.GetString(body.ToArray());
    }
}
