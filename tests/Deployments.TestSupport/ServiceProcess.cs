using System.Diagnostics;

namespace Deployments.TestSupport;

/// <summary>
/// The service run as its users run it: a process of its own, in Production unless its settings say otherwise. It keeps its address when it
/// is started again.
/// </summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);
    private static readonly string[] DevelopersSettings = ["ASPNETCORE_", "DOTNET_ENVIRONMENT", "Authentication__", "ConnectionStrings__", "Deployments__", "OTEL_"];

    private readonly IReadOnlyDictionary<string, string> settings;
    private readonly string[] program;
    private readonly TextWriter output;
    private Process process = null!;
    private CleanupWatchdog watchdog = null!;
    private Task forwarding = Task.CompletedTask;
    private Task<string> error = null!;

    private ServiceProcess(IReadOnlyDictionary<string, string> settings, string[] program, TextWriter output)
    {
        this.settings = settings;
        this.program = program;
        this.output = output;
        Http = new HttpClient { BaseAddress = Address };
    }

    public Uri Address { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    public HttpClient Http { get; }

    public int Id => process.Id;

    /// <summary>The memory that the process uses, in MiB.</summary>
    public double Memory => Processes.MemoryOf(process.Id);

    private static string[] ServiceProgram { get; } = [Path.Combine(AppContext.BaseDirectory, "Deployments.Api.dll")];

    /// <summary>Runs the service's program to its end.</summary>
    public static Task<ProcessResult> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        RunAsync(settings, arguments, redirection: string.Empty);

    /// <summary>Runs the service's program to its end.</summary>
    /// <param name="settings">Its environment, in place of the developer's.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="redirection">The shell's for its standard output.</param>
    /// <param name="started">What to do with the process while it runs.</param>
    public static async Task<ProcessResult> RunAsync(
        IReadOnlyDictionary<string, string> settings, string[] arguments, string redirection, Func<int, Task>? started = null)
    {
        using var process = StartProcess([.. ServiceProgram, .. arguments], settings, new("http://127.0.0.1:0"), redirection);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await (started?.Invoke(process.Id) ?? Task.CompletedTask).WaitAsync(Timeout);
            await process.WaitForExitAsync().WaitAsync(Timeout);
        }
        finally
        {
            process.Kill();
        }

        return new ProcessResult(process.ExitCode, await output, await error);
    }

    /// <summary>Starts the service's program with a command, whose output the caller reads while it runs.</summary>
    public static Process StartCommand(IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        StartProcess([.. ServiceProgram, .. arguments], settings, new("http://127.0.0.1:0"));

    /// <summary>Starts the service and returns as soon as it listens.</summary>
    /// <param name="settings">Its environment, in place of the developer's.</param>
    /// <param name="program">The program and its arguments, if it is not the service's own beside the tests.</param>
    /// <param name="output">Where its output goes; without one it is kept for the result.</param>
    public static async Task<ServiceProcess> StartAsync(
        IReadOnlyDictionary<string, string> settings, string[]? program = null, TextWriter? output = null)
    {
        var service = new ServiceProcess(settings, program ?? ServiceProgram, output ?? new StringWriter());
        try
        {
            await service.StartAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the service and reads its standard output no further than to the line that says where it listens.</summary>
    public static async Task<ServiceProcess> StartUnreadAsync(IReadOnlyDictionary<string, string> settings)
    {
        var service = new ServiceProcess(settings, ServiceProgram, new StringWriter());
        await service.LaunchAsync();
        return service;
    }

    /// <summary>Starts the service and returns when it is ready to serve; the parameters are those of <see cref="StartAsync(IReadOnlyDictionary{string, string}, string[], TextWriter)"/>.</summary>
    public static async Task<ServiceProcess> StartReadyAsync(
        IReadOnlyDictionary<string, string> settings, string[]? program = null, TextWriter? output = null)
    {
        var service = await StartAsync(settings, program, output);
        try
        {
            await service.WaitUntilReadyAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the service again after it was killed or stopped. Returns when it is ready to serve.</summary>
    public async Task RestartAsync()
    {
        process.Dispose();
        await StartAsync();
        await WaitUntilReadyAsync();
    }

    /// <summary>Reads the standard output of a service that was started unread, from now on to its end.</summary>
    public void ReadOutput() => forwarding = ForwardOutputAsync();

    /// <summary>Reads one line of a standard output that nobody else reads.</summary>
    public Task<string?> ReadLineAsync() => process.StandardOutput.ReadLineAsync().WaitAsync(Timeout);

    /// <summary>Observes the memory that the process uses.</summary>
    /// <param name="time">How long.</param>
    /// <returns>The maximum, in MiB.</returns>
    public Task<double> MaxMemoryAsync(TimeSpan time) => MaxMemoryAsync(Task.Delay(time));

    /// <summary>Observes the memory that the process uses.</summary>
    /// <param name="end">Until when.</param>
    /// <returns>The maximum, in MiB.</returns>
    public async Task<double> MaxMemoryAsync(Task end)
    {
        var max = 0.0;
        do
        {
            max = Math.Max(max, Memory);
        }
        while (await Task.WhenAny(end, Task.Delay(PollingInterval)) != end);
        return max;
    }

    /// <summary>Ends the process with SIGKILL.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>Ends the process as orchestrators do, with SIGTERM.</summary>
    public Task<ProcessResult> StopAsync()
    {
        Processes.Send(Signal.Terminate, process.Id);
        return WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        Http.Dispose();
        process.Dispose();
        await output.DisposeAsync();
    }

    private static Process StartProcess(string[] program, IReadOnlyDictionary<string, string> settings, Uri address, string redirection = "")
    {
        // A shell only where it has to redirect: it passes no variable on whose name has a dot, such as that of a log category.
        string[] command = [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", .. program];
        command = redirection.Length == 0 ? command : ["/bin/sh", "-c", $"exec \"$0\" \"$@\" {redirection}", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => DevelopersSettings.Any(name.StartsWith)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return Process.Start(start)!;
    }

    private async Task StartAsync()
    {
        await LaunchAsync();
        ReadOutput();
    }

    private async Task LaunchAsync()
    {
        // The event that is awaited, whatever level its settings give the log.
        process = StartProcess(
            program, new Dictionary<string, string>(settings) { ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information" }, Address);
        watchdog = new CleanupWatchdog("""kill -9 "$1" """, $"{process.Id}");
        error = process.StandardError.ReadToEndAsync();
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Timeout) is { } line)
        {
            await output.WriteLineAsync(line);
            if (line.Contains("Now listening on: ", StringComparison.Ordinal))
            {
                return;
            }
        }

        var result = await WaitForExitAsync();
        throw new InvalidOperationException($"The service ended with {result.ExitCode} before it listened: {result.Error}");
    }

    private async Task WaitUntilReadyAsync()
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(PollingInterval))
        {
            using var response = await Http.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
            if (response.IsSuccessStatusCode)
            {
                return;
            }

            if (waited.Elapsed > Timeout)
            {
                throw new TimeoutException($"The service did not become ready: {await response.Content.ReadAsStringAsync()}");
            }
        }
    }

    private async Task ForwardOutputAsync()
    {
        var buffer = new char[16 * 1024];
        for (int read; (read = await process.StandardOutput.ReadAsync(buffer)) > 0;)
        {
            await output.WriteAsync(buffer.AsMemory(0, read));
        }
    }

    private async Task<ProcessResult> WaitForExitAsync()
    {
        await process.WaitForExitAsync().WaitAsync(Timeout);
        await forwarding;
        await output.FlushAsync();
        watchdog.Dispose();
        return new ProcessResult(process.ExitCode, output.ToString()!, await error);
    }
}

internal sealed record ProcessResult(int ExitCode, string Output, string Error);
