using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Authorization;
using Deployments.Application.Common;
using Deployments.WebConsole;

namespace Deployments.Api.Hosting;

/// <summary>Prints the address, a token and an example request for a developer, once the request can be served.</summary>
internal static class DevelopmentBanner
{
    private const string Project = "demo";

    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(100);

    public static void PrintWhenReady(WebApplication app) => app.Lifetime.ApplicationStarted.Register(() => _ = WaitAndPrintAsync(app));

    private static async Task WaitAndPrintAsync(WebApplication app)
    {
        var schema = app.Services.GetRequiredService<IDatabaseSchema>();
        var stopping = app.Lifetime.ApplicationStopping;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if ((await schema.FindMissingAsync(stopping)).Count == 0)
                {
                    Print(app);
                    return;
                }
            }
            catch (Exception)
            {
                // The log says why the database is not ready.
            }

            await Task.Delay(PollingInterval, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Print(WebApplication app)
    {
        var address = (app.Urls.FirstOrDefault() ?? "http://localhost:8080")
            .Replace("[::]", "localhost", StringComparison.Ordinal)
            .Replace("0.0.0.0", "localhost", StringComparison.Ordinal)
            .Replace("+", "localhost", StringComparison.Ordinal);
        var token = DevelopmentKey.CreateToken(Project, [ProjectAuthorizationHandler.Member], TimeSpan.FromHours(8));

        var console = app.HasWebConsole()
            ? $"\nThe console; this link signs in once, within five minutes:\n{address}{app.Services.CreateSignInLink(token)}\n"
            : string.Empty;

        Console.WriteLine(
            $$"""

            Deployments serves {{address}} (development). Swagger: {{address}}/swagger

            A token for the project "{{Project}}", valid for 8 hours:
            {{token}}
            {{console}}
            A request to paste:
            curl -sS {{address}}/v1/{{Project}}/software_deployments -H 'Content-Type: application/json' -H 'X-Auth-Token: {{token}}' -d '{"config_id": "8da95794-2ad9-4979-8ae5-739ce314c5cd", "server_id": "ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5", "action": "CREATE"}'

            """);
    }
}
