using System.CommandLine;
using Deployments.Api.Hosting;
using Deployments.Application.Common;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Commands;

/// <summary>Requests the readiness of the service on this machine, at its first configured address.</summary>
internal static class HealthCheckCommand
{
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
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(ListenAddresses.FindLocal(builder.Configuration, "healthcheck"), Health.ReadyPath));
        request.Headers.Host = ListenAddresses.Loopback; // one name for AllowedHosts, wherever the service listens
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
}
