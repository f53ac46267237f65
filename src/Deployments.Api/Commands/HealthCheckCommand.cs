using System.CommandLine;
using System.Net;
using Deployments.Api.Hosting;
using Deployments.Api.Options;
using Deployments.Application.Common;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Commands;

/// <summary>Requests the readiness of the service on this machine, at its first configured address.</summary>
internal static class HealthCheckCommand
{
    private const string Loopback = "127.0.0.1";

    public static Command Create(WebApplicationBuilder builder)
    {
        var command = new Command(
            "healthcheck",
            "Ask the service on this machine whether it is ready, at the first address that its settings name. Exit code 0: it is; 1: it is not, or cannot be reached.");
        command.SetAction((_, cancellationToken) => RunAsync(builder, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(WebApplicationBuilder builder, CancellationToken cancellationToken)
    {
        await using var services = builder.Services.BuildServiceProvider();

        // Without a proxy; the certificate is for the name that callers use.
        using var handler = new HttpClientHandler
        {
            UseProxy = false,
            ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
        };
        using var client = new HttpClient(handler) { Timeout = services.GetRequiredService<IOptions<TimeBudgets>>().Value.HealthCheckCommand };
        using var request = new HttpRequestMessage(HttpMethod.Get, ReadyAddress(builder.Configuration));
        request.Headers.Host = Loopback; // one name for AllowedHosts, wherever the service listens
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    private static Uri ReadyAddress(IConfiguration configuration)
    {
        var address = ListenAddresses.Read(configuration)[0];
        if (address.IsUnixPipe)
        {
            throw new InvalidConfigurationException("healthcheck sends its request over TCP, and the first address is a Unix socket.");
        }

        // The server listens on all addresses for a name other than localhost, such as * or +.
        var isAny = !IPAddress.TryParse(address.Host, out var ip) ? !address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) : ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any);
        return new UriBuilder(address.Scheme, isAny ? Loopback : address.Host, address.Port, Health.ReadyPath).Uri;
    }
}
