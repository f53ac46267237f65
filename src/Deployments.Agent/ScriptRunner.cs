using System.Text.Json;

namespace Deployments.Agent;

/// <summary>
/// Runs a configuration of the group <c>script</c>: it gets its inputs as environment variables, and leaves its outputs in files.
/// </summary>
internal static class ScriptRunner
{
    public const string Group = "script";

    private const string Interpreter = "#!";

    private static readonly TimeSpan OutputTimeout = TimeSpan.FromSeconds(10);

    /// <param name="run">The run.</param>
    /// <param name="folder">For its files.</param>
    /// <param name="log">Takes what went wrong beside the script.</param>
    /// <param name="end">Ends it.</param>
    public static async Task<Report> RunAsync(DeploymentRun run, string folder, Action<string> log, CancellationToken end)
    {
        if (run.Config.ValueKind != JsonValueKind.String)
        {
            return Report.Failed(Report.NotExecutable, "the configuration is not a text, so it cannot be run as a script.");
        }

        var text = JsonText.Read(run.Config);
        if (!text.StartsWith(Interpreter, StringComparison.Ordinal))
        {
            return Report.Failed(Report.NotExecutable, "the configuration does not begin with #! and the program that runs it, such as #!/bin/sh.");
        }

        if (run.Values.Keys.FirstOrDefault(name => name.Length == 0 || name.Contains('=')) is { } invalid)
        {
            return Report.Failed(Report.NotExecutable, $"the input '{invalid}' cannot be an environment variable.");
        }

        var script = Path.Combine(folder, "script");
        PrivateFiles.WriteExecutable(script, text);
        var result = await ChildProcess.RunAsync(script, folder, run.Values, input: string.Empty, Report.MaxBytes, end);

        var report = new Report { WasEnded = result.WasEnded };
        foreach (var name in run.Outputs.Select(output => output.Name))
        {
            if (await ReadAsync($"{ChildProcess.OutputsPath(folder)}.{name}") is { } value)
            {
                report.Set(name, value);
            }
        }

        report.Set(Report.Output, result.Output);
        report.Set(Report.Error, result.Error);
        report.SetStatusCode(result.ExitCode);
        return report;

        async Task<string?> ReadAsync(string file)
        {
            try
            {
                // Opening a pipe that a script has made in place of a file may last for ever.
                return File.Exists(file) ? await Task.Run(() => OutputFile.Read(file), CancellationToken.None).WaitAsync(OutputTimeout, CancellationToken.None) : null;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or TimeoutException)
            {
                log($"Run {run.Id}: an output cannot be read: {exception.Message}");
                return null;
            }
        }
    }
}
