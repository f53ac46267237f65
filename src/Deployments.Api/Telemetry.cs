using Deployments.Api.Http;
using Deployments.Application.SoftwareDeployments;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Deployments.Api;

/// <summary>Traces, metrics and logs for an OpenTelemetry collector, where one is named. Else nobody listens to any of them.</summary>
internal static class Telemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Sampler = "OTEL_TRACES_SAMPLER";

    /// <summary>The share of requests that are traced where neither the operator nor the caller's own trace decides.</summary>
    private const double TracedShare = 0.01;

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

        // The request's trace says all that its line in the log does, and a line for each costs more than all the rest.
        builder.Logging.AddFilter<OpenTelemetryLoggerProvider>(RequestLog.Category, LogLevel.Warning);

        // ASP.NET Core itself reads traceparent. Looking for baggage besides, which nobody here reads, costs each request as much as its metrics do.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("deployments").AddEnvironmentVariableDetector())
            .WithTracing(traces =>
            {
                traces.AddSource("Npgsql").AddAspNetCoreInstrumentation(http =>
                {
                    http.Filter = context => !context.Request.Path.StartsWithSegments(Health.Path);
                    http.EnrichWithHttpResponse = (span, response) => span.SetTag("deployments.request_id", response.HttpContext.TraceIdentifier);
                });
                if (string.IsNullOrWhiteSpace(builder.Configuration[Sampler]))
                {
                    traces.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(TracedShare)));
                }
            })
            .WithMetrics(metrics => metrics.AddMeter(
                DeploymentMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql", "System.Runtime"))
            .WithLogging(configureBuilder: null, logs => logs.IncludeFormattedMessage = true)
            .UseOtlpExporter();
    }
}
