using Deployments.Application.SoftwareDeployments;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Deployments.Api;

/// <summary>Traces, metrics and logs for an OpenTelemetry collector, where one is named. Else nobody listens to any of them.</summary>
internal static class Telemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <exception cref="StartupException">What names the collector is no address.</exception>
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var endpoint = builder.Configuration[Endpoint];
        if (string.IsNullOrWhiteSpace(endpoint))
        {
            return;
        }

        // OpenTelemetry itself would take another address in its place, and say nothing.
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new StartupException($"{Endpoint} must be an address such as http://collector:4317.");
        }

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("deployments").AddEnvironmentVariableDetector())
            .WithTracing(traces => traces
                .AddSource("Npgsql")
                .AddAspNetCoreInstrumentation(http => http.Filter = context => !context.Request.Path.StartsWithSegments("/healthz")))
            .WithMetrics(metrics => metrics.AddMeter(
                DeploymentMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql", "System.Runtime"))
            .WithLogging(configureBuilder: null, logs => logs.IncludeFormattedMessage = true)
            .UseOtlpExporter();
    }
}
