using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Deployments.FunctionalTests.Support;

/// <summary>The service's program, run as its users run it: a process of its own, with settings in its environment.</summary>
internal static partial class ServiceProgram
{
    private static readonly string[] OthersSettings = ["ASPNETCORE_", "DOTNET_ENVIRONMENT", "Authentication__", "ConnectionStrings__", "Deployments__", "OTEL_"];

    /// <summary>Runs the program to its end.</summary>
    public static async Task<Ended> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        using var process = Start(settings, arguments);
        return await EndOfAsync(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    /// <summary>Starts the program to serve, and returns as soon as it listens.</summary>
    public static async Task<Running> ServeAsync(IReadOnlyDictionary<string, string> settings)
    {
        var service = await ServeUnreadAsync(settings);
        service.ReadOutput();
        return service;
    }

    /// <summary>Starts the program to serve, and reads its standard output no further than to the line that says where it listens.</summary>
    public static async Task<Running> ServeUnreadAsync(IReadOnlyDictionary<string, string> settings)
    {
        var process = Start(settings, []);
        var error = process.StandardError.ReadToEndAsync();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Listening().Match(line) is { Success: true } listening)
            {
                return new Running(process, new Uri(listening.Value), error);
            }
        }

        throw new InvalidOperationException($"The service ended before it listened: {await error}");
    }

    private static Process Start(IReadOnlyDictionary<string, string> settings, string[] arguments)
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

        return Process.Start(start)!;
    }

    private static async Task<Ended> EndOfAsync(Process process, Task<string> output, Task<string> error)
    {
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

    [GeneratedRegex(@"(?<=Now listening on: )http://[0-9.:]+")]
    private static partial Regex Listening();

    internal sealed record Ended(int ExitCode, string Output, string Error);

    /// <summary>The program while it serves.</summary>
    internal sealed class Running(Process process, Uri address, Task<string> error) : IAsyncDisposable
    {
        private Task<string>? output;

        public HttpClient Http { get; } = new() { BaseAddress = address };

        /// <summary>Reads its standard output from now on to its end.</summary>
        public void ReadOutput() => output ??= process.StandardOutput.ReadToEndAsync();

        /// <summary>Reads one line of a standard output that nobody else reads.</summary>
        public Task<string?> ReadLineAsync() => process.StandardOutput.ReadLineAsync().WaitAsync(Service.Patience);

        /// <summary>Ends it as an operator does, with SIGTERM.</summary>
        public async Task<Ended> StopAsync()
        {
            await TerminateAsync();
            ReadOutput();
            return await EndOfAsync(process, output!, error);
        }

        /// <summary>Ends it in the same way, while nobody reads its standard output.</summary>
        /// <returns>Its exit code.</returns>
        public async Task<int> StopUnreadAsync()
        {
            await TerminateAsync();
            return (await EndOfAsync(process, Task.FromResult(""), error)).ExitCode;
        }

        public ValueTask DisposeAsync()
        {
            Http.Dispose();
            process.Kill();
            process.Dispose();
            return ValueTask.CompletedTask;
        }

        private async Task TerminateAsync()
        {
            using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
        }
    }
}
