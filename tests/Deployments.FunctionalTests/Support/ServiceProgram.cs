using System.Diagnostics;

namespace Deployments.FunctionalTests.Support;

/// <summary>The service's program, run as its users run it: a process of its own, with settings in its environment.</summary>
internal static class ServiceProgram
{
    private static readonly string[] OthersSettings = ["ASPNETCORE_", "DOTNET_ENVIRONMENT", "Authentication__", "ConnectionStrings__", "Deployments__"];

    /// <summary>Runs the program to its end.</summary>
    public static async Task<Ended> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Deployments.Api.dll"), .. arguments])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => OthersSettings.Any(name.StartsWith)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Service.Patience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        return new Ended(process.ExitCode, await output, await error);
    }

    internal sealed record Ended(int ExitCode, string Output, string Error);
}
