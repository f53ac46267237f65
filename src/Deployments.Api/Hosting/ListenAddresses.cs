using System.Net;
using Deployments.Api.Options;

namespace Deployments.Api.Hosting;

/// <summary>The addresses that the server will listen at, by its own order of precedence.</summary>
internal static class ListenAddresses
{
    /// <summary>How the service is called on its own machine.</summary>
    public const string Loopback = "127.0.0.1";

    private const string Endpoints = "Kestrel:Endpoints";
    private const string Default = "http://localhost:5000";

    /// <exception cref="InvalidConfigurationException">The server cannot listen at one of them; the message does not quote it, as it may contain a password.</exception>
    public static IReadOnlyList<BindingAddress> Read(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection(Endpoints).GetChildren().Select(endpoint => (Setting: $"{endpoint.Path}:Url", Text: endpoint["Url"] ?? string.Empty)).ToList();
        List<(string Setting, string Text)> ports =
        [
            .. Split(configuration, "HTTP_PORTS").Select(port => ("ASPNETCORE_HTTP_PORTS", $"http://*:{port}")),
            .. Split(configuration, "HTTPS_PORTS").Select(port => ("ASPNETCORE_HTTPS_PORTS", $"https://*:{port}")),
        ];
        var addresses = endpoints is not [] ? endpoints
            : Split(configuration, "URLS") is not [] and var urls ? [.. urls.Select(url => ("ASPNETCORE_URLS or --urls", url))]
            : ports is not [] ? ports
            : [(Setting: "ASPNETCORE_URLS", Text: Default)];
        return [.. addresses.Select(address => Parse(address.Setting, address.Text))];
    }

    /// <summary>The first address, as a client on the same machine uses it.</summary>
    /// <exception cref="InvalidConfigurationException">It is a Unix socket, which the command cannot use, or not an address.</exception>
    public static Uri FindLocal(IConfiguration configuration, string command)
    {
        var address = Read(configuration)[0];
        if (address.IsUnixPipe)
        {
            throw new InvalidConfigurationException($"{command} sends its request over TCP, and the first address is a Unix socket.");
        }

        return ToLocal(address);
    }

    /// <summary>An address of the server, as a client on the same machine uses it.</summary>
    public static Uri ToLocal(BindingAddress address)
    {
        // The server listens on all addresses for a name other than localhost, such as * or +.
        var isAny = !IPAddress.TryParse(address.Host, out var ip) ? !address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) : ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any);
        return new UriBuilder(address.Scheme, isAny ? Loopback : address.Host, address.Port).Uri;
    }

    /// <exception cref="InvalidConfigurationException">A file of a certificate does not exist.</exception>
    public static void ValidateCertificates(IConfiguration configuration)
    {
        var certificates = configuration.GetSection("Kestrel:Certificates").GetChildren()
            .Concat(configuration.GetSection(Endpoints).GetChildren().Select(endpoint => endpoint.GetSection("Certificate")));
        foreach (var file in certificates.SelectMany(certificate => new[] { certificate.GetSection("Path"), certificate.GetSection("KeyPath") }))
        {
            if (!string.IsNullOrEmpty(file.Value) && !File.Exists(Path.Combine(AppContext.BaseDirectory, file.Value)))
            {
                throw new InvalidConfigurationException($"{file.Path} is {file.Value}, which is not a file.");
            }
        }
    }

    private static BindingAddress Parse(string setting, string text)
    {
        try
        {
            var address = BindingAddress.Parse(text);
            var isHost = address.IsUnixPipe || IPAddress.TryParse(address.Host, out _) || address.Host.IndexOfAny([':', '@', '?', '#']) < 0;
            if (isHost && address.Scheme.ToLowerInvariant() is "http" or "https" && address.Port is >= IPEndPoint.MinPort and <= IPEndPoint.MaxPort && address.PathBase.Length == 0)
            {
                return address;
            }
        }
        catch (FormatException)
        {
        }

        throw new InvalidConfigurationException($"{setting} must be an address such as http://localhost:8080: http or https, a host, and a port up to {IPEndPoint.MaxPort}.");
    }

    private static string[] Split(IConfiguration configuration, string name) =>
        configuration[name]?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
