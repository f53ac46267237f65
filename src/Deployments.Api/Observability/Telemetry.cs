using System.Globalization;
using Deployments.Api.Hosting;
using Deployments.Api.Options;
using Deployments.Application.SoftwareDeployments;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Deployments.Api.Observability;

/// <summary>Exports traces, metrics and logs to an OpenTelemetry collector, if one is configured.</summary>
internal static class Telemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Sampler = "OTEL_TRACES_SAMPLER";

    private static readonly string[] Samplers =
        ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    // OpenTelemetry ignores some invalid values, and fails on others.
    private static readonly (string Name, Predicate<string> IsUsable, string Form)[] Variables =
    [
        (Endpoint, value => Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https", "an address such as http://collector:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", value => value is "grpc" or "http/protobuf", "grpc or http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", value => value.Split(',').All(header => header.Contains('=', StringComparison.Ordinal)), "name=value, separated by commas"),
        (Sampler, value => Samplers.Contains(value), $"one of {string.Join(", ", Samplers)}"),
        ("OTEL_TRACES_SAMPLER_ARG", value => double.TryParse(value, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1, "a number from 0 to 1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", value => int.TryParse(value, CultureInfo.InvariantCulture, out var interval) && interval > 0, "a number of milliseconds"),
    ];

    /// <summary>The share of requests that are traced if neither the operator nor the caller's own trace decides.</summary>
    private const double TracedShare = 0.01;

    /// <exception cref="InvalidConfigurationException">A variable is invalid.</exception>
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration[Endpoint]))
        {
            return;
        }

        foreach (var (name, isUsable, form) in Variables)
        {
            if (builder.Configuration[name] is { } value && !string.IsNullOrWhiteSpace(value) && !isUsable(value))
            {
                throw new InvalidConfigurationException($"{name} must be {form}.");
            }
        }

        // A request's trace contains all that its log line does, and exporting a line for each request costs more than the rest.
        builder.Logging.AddFilter<OpenTelemetryLoggerProvider>(RequestLog.Category, LogLevel.Warning);

        // ASP.NET Core itself reads traceparent. Looking for baggage too, which is not used, costs each request as much as its metrics do.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("deployments", serviceVersion: ServiceVersion.Full).AddEnvironmentVariableDetector())
            .WithTracing(traces =>
            {
                traces.AddSource("Npgsql").AddAspNetCoreInstrumentation(http =>
                {
                    http.Filter = context => !Health.IsProbe(context.Request);
                    http.EnrichWithHttpResponse = (span, response) =>
                    {
                        span.SetTag("deployments.request_id", response.HttpContext.TraceIdentifier);
                        if (LoggedPath.FindReplacement(response.HttpContext) is { } replacement)
                        {
                            span.SetTag("url.path", replacement);
                        }
                    };
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
