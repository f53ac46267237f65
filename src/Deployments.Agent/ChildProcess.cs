using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Deployments.Agent;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number if a signal ended it.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="IsOutputCut">Whether its output was longer than is kept.</param>
/// <param name="Error">Its standard error.</param>
/// <param name="WasEnded">Whether it had to be ended.</param>
internal sealed record ProcessResult(int ExitCode, string Output, bool IsOutputCut, string Error, bool WasEnded);

/// <summary>A process that leads a group of its own, so that it can be ended with all that it has started.</summary>
internal static class ChildProcess
{
    /// <summary>The variable by which a script finds the files of its outputs, and the agent a process of a run.</summary>
    public const string OutputsVariable = "heat_outputs_path";

    private const int KilledExitCode = 128 + Libc.Kill;

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
        var wasEnded = false;
        try
        {
            await process.WaitForExitAsync(end);
        }
        catch (OperationCanceledException)
        {
            var isGone = true;
            while (!process.HasExited && isGone)
            {
                wasEnded = true;
                isGone = await ProcessGroup.EndAsync(process.Id); // again if it had no group yet
            }
        }

        // A background process may keep the pipes open for as long as it lives.
        await Task.WhenAny(Task.WhenAll(output.End, error.End), Task.Delay(LastOutputTimeout, CancellationToken.None));
        var exitCode = process.HasExited ? process.ExitCode : KilledExitCode;
        return new ProcessResult(exitCode, output.TakeText(), output.IsCut, error.TakeText(), wasEnded);
    }

    /// <summary>Ends what an agent that was killed has left running of a run.</summary>
    public static async Task EndOrphansAsync(string folder)
    {
        foreach (var group in ProcessGroup.Find($"{OutputsVariable}={OutputsPath(folder)}"))
        {
            await ProcessGroup.EndAsync(group);
        }
    }

    /// <summary>The path to which a script adds a dot and the name of an output.</summary>
    public static string OutputsPath(string folder) => Path.Combine(folder, "output");

    private static Process Start(string program, string folder, IReadOnlyDictionary<string, string> variables)
    {
        // Through no shell: some of them drop the variables whose names they do not take, such as a-b.
        var start = new ProcessStartInfo("setsid", [program])
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
