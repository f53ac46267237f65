using System.Diagnostics;
using System.Threading.Channels;

namespace Deployments.TestSupport;

/// <summary>
/// The agent run as its users run it: a process of its own, with a state folder and a hooks folder. <c>AGENT_PROGRAM</c> names another
/// build of it, such as the one that was compiled ahead.
/// </summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    public const string AddressVariable = "DEPLOYMENTS_AGENT_METADATA_URL";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private readonly AgentFolder folder;
    private readonly Process process;
    private readonly CleanupWatchdog watchdog;
    private readonly List<string> log = [];
    private readonly Channel<string> lines = Channel.CreateUnbounded<string>();
    private readonly Task reading;
    private readonly Task<string> error;

    private AgentProcess(AgentFolder folder, Process process)
    {
        (this.folder, this.process) = (folder, process);
        watchdog = new CleanupWatchdog("""kill -9 "$1" """, $"{process.Id}");
        reading = ReadLogAsync();
        error = process.StandardError.ReadToEndAsync();
    }

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    /// <summary>All that it has logged.</summary>
    public string Log
    {
        get
        {
            lock (log)
            {
                return string.Join('\n', error.IsCompletedSuccessfully ? log.Append(error.Result) : log);
            }
        }
    }

    /// <param name="metadataUrl">The address that it is given; null for none.</param>
    /// <param name="folder">Its folders, which outlive it.</param>
    /// <param name="arguments">Added to its command line.</param>
    public static AgentProcess Start(string? metadataUrl, AgentFolder folder, params string[] arguments)
    {
        string[] program = Environment.GetEnvironmentVariable("AGENT_PROGRAM") is { Length: > 0 } other
            ? [other]
            : [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.Combine(AppContext.BaseDirectory, "deployments-agent.dll")];
        var start = new ProcessStartInfo(program[0], [.. program[1..], "--state", folder.State, "--hooks", folder.Hooks, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove(AddressVariable);
        start.Environment["no_proxy"] = "127.0.0.1";
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (metadataUrl is not null)
        {
            start.Environment[AddressVariable] = metadataUrl;
        }

        if (Directory.Exists(folder.Programs))
        {
            start.Environment["PATH"] = $"{folder.Programs}:{start.Environment["PATH"]}";
        }

        return new AgentProcess(folder, Process.Start(start)!);
    }

    /// <summary>Runs it to its end, where it cannot start.</summary>
    public static async Task<ProcessResult> RunAsync(string? metadataUrl, AgentFolder folder, params string[] arguments)
    {
        await using var agent = Start(metadataUrl, folder, arguments);
        return await agent.WaitForExitAsync();
    }

    /// <summary>Waits for the next line of the log that has a text.</summary>
    public async Task<string> WaitForLineAsync(string text)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            await foreach (var line in lines.Reader.ReadAllAsync(timeout.Token))
            {
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    return line;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Reported with the log.
        }

        throw new TimeoutException($"The agent has not logged '{text}', but:\n{Log}\n{(process.HasExited ? await error : string.Empty)}");
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>Sends it SIGTERM.</summary>
    public void Terminate() => Processes.Send(Signal.Terminate, process.Id);

    /// <summary>Ends it with SIGTERM.</summary>
    public Task<ProcessResult> StopAsync()
    {
        Terminate();
        return WaitForExitAsync();
    }

    public async Task<ProcessResult> WaitForExitAsync()
    {
        await process.WaitForExitAsync().WaitAsync(Timeout);
        await reading;
        return new ProcessResult(process.ExitCode, Log, await error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        watchdog.Dispose();
        process.Dispose();
    }

    private async Task ReadLogAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (log)
            {
                log.Add(line);
            }

            lines.Writer.TryWrite(line);
        }

        lines.Writer.Complete();
    }
}

/// <summary>The folders of an agent, and one for the files that scripts of the test leave.</summary>
internal sealed class AgentFolder : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("agent-");

    public AgentFolder()
    {
        Directory.CreateDirectory(Hooks);
        Directory.CreateDirectory(Files);
    }

    public string State => Path.Combine(root.FullName, "state");

    public string Hooks => Path.Combine(root.FullName, "hooks");

    public string Files => Path.Combine(root.FullName, "files");

    /// <summary>Programs that the agent finds before the system's.</summary>
    public string Programs => Path.Combine(root.FullName, "programs");

    public string FileOf(string name) => Path.Combine(Files, name);

    /// <summary>The lines of a file that scripts append to.</summary>
    public string[] LinesOf(string name) => File.Exists(FileOf(name)) ? File.ReadAllLines(FileOf(name)) : [];

    public void WriteHook(string group, string text, bool isExecutable = true) => Write(Path.Combine(Hooks, group), text, isExecutable);

    public void WriteProgram(string name, string text)
    {
        Directory.CreateDirectory(Programs);
        Write(Path.Combine(Programs, name), text, isExecutable: true);
    }

    /// <summary>Waits until a script has made a file.</summary>
    public async Task<string> WaitForFileAsync(string name)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!File.Exists(FileOf(name)) || new FileInfo(FileOf(name)).Length == 0)
        {
            await Task.Delay(10, timeout.Token);
        }

        return await File.ReadAllTextAsync(FileOf(name), timeout.Token);
    }

    public void Dispose() => root.Delete(recursive: true);

    private static void Write(string path, string text, bool isExecutable)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, isExecutable ? UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute : UnixFileMode.UserRead);
    }
}
