using System.CommandLine;
using System.Net;
using Deployments.Api.Hosting;
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
        command.SetAction((_, _) => RunAsync(builder));
        return command;
    }

    private static async Task<int> RunAsync(WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<TimeBudgets>();
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
            using var response = await client.SendAsync(request);
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    // In the order of precedence of the server's settings.
    private static Uri ReadyAddress(IConfiguration configuration)
    {
        var address = BindingAddress.Parse(
            configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).FirstOrDefault(url => !string.IsNullOrEmpty(url))
            ?? First(configuration["URLS"])
            ?? (First(configuration["HTTP_PORTS"]) is { } port ? $"http://*:{port}" : null)
            ?? (First(configuration["HTTPS_PORTS"]) is { } tls ? $"https://*:{tls}" : null)
            ?? "http://localhost:5000");

        // The server listens on all addresses for a name other than localhost, such as * or +.
        var isAny = !IPAddress.TryParse(address.Host, out var ip) ? !address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) : ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any);
        return new UriBuilder(address.Scheme, isAny ? Loopback : address.Host, address.Port, Health.ReadyPath).Uri;
    }

    private static string? First(string? list) => list?.Split(';', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
}
