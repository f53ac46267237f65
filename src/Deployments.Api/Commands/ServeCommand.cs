using System.CommandLine;
using Deployments.Api.Hosting;

namespace Deployments.Api.Commands;

/// <summary>Runs the service; it is what the program does without a command.</summary>
internal static class ServeCommand
{
    public static RootCommand Create(WebApplicationBuilder builder)
    {
        var command = new RootCommand(
            "Runs the Deployments service, or one of these commands. Settings come before a command: --name value, or --name=value. "
            + "Exit codes: 0 done; 1 failed, for the reason on standard error; 2 the command line was not understood.");
        command.SetAction((_, _) => RunAsync(builder));
        return command;
    }

    private static async Task<int> RunAsync(WebApplicationBuilder builder)
    {
        await using var database = await DevelopmentDatabaseSetup.StartIfNeededAsync(builder);
        await using var app = builder.AddDeployments().Build();
        app.UseApi();
        ListenAddresses.Read(app.Configuration);
        ListenAddresses.ValidateCertificates(app.Configuration);
        if (app.Environment.IsDevelopment())
        {
            DevelopmentBanner.PrintWhenReady(app);
        }

        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped before it had started.
        }

        return 0;
    }
}
