using Deployments.Api.Errors;
using Deployments.Api.Mvc;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Deployments.Api.Hosting;

/// <summary>Health of the process: live means that it runs, ready that it can serve requests.</summary>
internal static class Health
{
    public const string Path = "/healthz";
    public const string ReadyPath = Path + "/ready";

    public static bool IsProbe(HttpRequest request) => request.Path.StartsWithSegments(Path);

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        Map(endpoints, Path + "/live", _ => false);
        Map(endpoints, ReadyPath, check => check.Tags.Contains(Infrastructure.DependencyInjection.ReadyTag));
    }

    private static void Map(IEndpointRouteBuilder endpoints, string path, Func<HealthCheckRegistration, bool> checks)
    {
        string[] allowed = [HttpMethods.Get, HttpMethods.Head];
        endpoints.MapHealthChecks(path, new HealthCheckOptions { Predicate = checks, ResponseWriter = WriteAsync })
            .WithMetadata(new HttpMethodMetadata(allowed))
            .AllowAnonymous();
        endpoints.MapOtherMethods(path, allowed).AllowAnonymous();
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) => report.Status == HealthStatus.Healthy
        ? context.Response.WriteAsJsonAsync(new { status = "ok" })
        : context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(
            context,
            StatusCodes.Status503ServiceUnavailable,
            string.Join(' ', report.Entries.Values.Select(entry => entry.Description)));
}
