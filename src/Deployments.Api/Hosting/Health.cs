using Deployments.Api.Errors;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Deployments.Api.Hosting;

/// <summary>For those who watch the process: live says that it runs, ready that it can serve.</summary>
internal static class Health
{
    public const string Path = "/healthz";
    public const string ReadyPath = Path + "/ready";

    private static readonly HttpMethodMetadata GetOnly = new([HttpMethods.Get]);

    public static bool IsProbe(HttpRequest request) => request.Path.StartsWithSegments(Path);

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks(Path + "/live", Answering(_ => false)).WithMetadata(GetOnly).AllowAnonymous();
        endpoints.MapHealthChecks(ReadyPath, Answering(check => check.Tags.Contains(Infrastructure.DependencyInjection.ReadyTag)))
            .WithMetadata(GetOnly).AllowAnonymous();
    }

    private static HealthCheckOptions Answering(Func<HealthCheckRegistration, bool> checks) => new()
    {
        Predicate = checks,
        ResponseWriter = static (context, report) => report.Status == HealthStatus.Healthy
            ? context.Response.WriteAsJsonAsync(new { status = "ok" })
            : context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                string.Join(' ', report.Entries.Values.Select(entry => entry.Description))),
    };
}
