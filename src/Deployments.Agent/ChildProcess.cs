using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Deployments.Agent;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number if a signal ended it.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
internal sealed record ProcessResult(int ExitCode, OutputCapture Output, OutputCapture Error);

/// <summary>A process that leads a group of its own, so that it can be ended with all that it has started.</summary>
internal static class ChildProcess
{
    /// <summary>The variable by which a script finds the files of its outputs, and the agent a process of a run.</summary>
    public const string OutputsVariable = "heat_outputs_path";

    private const string GroupFile = "group";

    // Notes its group before it becomes the program: an agent that finds no note has nothing to end.
    private const string NoteGroupAndRun = """echo $$ >"$0" && exec "$@" """;

    private static readonly TimeSpan LastOutputTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Runs a program to its end, or until it is to end. Throws <see cref="Win32Exception"/> if it cannot be started.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="folder">Its working folder.</param>
    /// <param name="variables">Its environment, beside the agent's own.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="outputLimit">How many bytes of its output and of its errors are kept.</param>
    /// <param name="end">Ends it.</param>
    public static async Task<ProcessResult> RunAsync(
        string program, string folder, IReadOnlyDictionary<string, string> variables, string input, int outputLimit, CancellationToken end)
    {
        using var process = Start(program, folder, variables);
        var output = OutputCapture.Start(process.StandardOutput.BaseStream, outputLimit);
        var error = OutputCapture.Start(process.StandardError.BaseStream, outputLimit);
        WriteInput(process.StandardInput.BaseStream, input);
        try
        {
            await process.WaitForExitAsync(end);
        }
        catch (OperationCanceledException)
        {
            while (!process.HasExited)
            {
                await ProcessGroup.EndAsync(process.Id); // again if it had no group yet
            }
        }

        // A background process may keep the pipes open for as long as it lives.
        await Task.WhenAny(Task.WhenAll(output.End, error.End), Task.Delay(LastOutputTimeout, CancellationToken.None));
        return new ProcessResult(process.ExitCode, output, error);
    }

    /// <summary>Ends what an agent that was killed has left running of a run.</summary>
    public static async Task EndOrphansAsync(string folder)
    {
        var note = Path.Combine(folder, GroupFile);
        if (File.Exists(note)
            && int.TryParse(await File.ReadAllTextAsync(note), out var group)
            && ProcessGroup.Has(group, $"{OutputsVariable}={OutputsPath(folder)}"))
        {
            await ProcessGroup.EndAsync(group);
        }
    }

    /// <summary>The path to which a script adds a dot and the name of an output.</summary>
    public static string OutputsPath(string folder) => Path.Combine(folder, "output");

    private static Process Start(string program, string folder, IReadOnlyDictionary<string, string> variables)
    {
        var note = Path.Combine(folder, GroupFile);
        PrivateFiles.WriteEmpty(note);
        var start = new ProcessStartInfo("setsid", ["/bin/sh", "-c", NoteGroupAndRun, note, program])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove(CommandLine.MetadataUrlVariable);
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        start.Environment[OutputsVariable] = OutputsPath(folder);
        return Process.Start(start)!;
    }

    // On a thread of its own, as a process may leave its input unread.
    private static void WriteInput(Stream pipe, string input)
    {
        if (input.Length == 0)
        {
            pipe.Dispose();
            return;
        }

        new Thread(() =>
        {
            try
            {
                using (pipe)
                {
                    pipe.Write(Encoding.UTF8.GetBytes(input));
                }
            }
            catch (IOException)
            {
                // The process has closed it: it does not want the rest.
            }
        })
        { IsBackground = true }.Start();
    }
}
