using System.CommandLine;
using Deployments.Api.OpenApi;

namespace Deployments.Api.Commands;

/// <summary>Prints the OpenAPI document.</summary>
internal static class OpenApiCommand
{
    public static Command Create(WebApplicationBuilder builder)
    {
        var command = new Command("openapi", "Print the OpenAPI document.");
        command.SetAction(async (_, _) =>
        {
            await using var app = builder.AddDeployments().Build();
            Console.WriteLine(await OpenApiSetup.WriteAsync(app.Services));
            return 0;
        });
        return command;
    }
}
