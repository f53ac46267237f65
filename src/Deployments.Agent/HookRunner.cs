using System.Text.Json;

namespace Deployments.Agent;

/// <summary>
/// Runs a configuration of any other group by the executable of its name, as heat-agents do: that reads the run as JSON from its standard
/// input, and writes what to report as JSON to its standard output.
/// </summary>
internal static class HookRunner
{
    // It has to be whole to be JSON.
    private const int MaxOutputBytes = 16 * 1024 * 1024;

    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static readonly Dictionary<string, string> NoVariables = [];

    /// <param name="run">The run.</param>
    /// <param name="hooksFolder">Where the executables are.</param>
    /// <param name="folder">For its files.</param>
    /// <param name="end">Ends it.</param>
    public static async Task<Report> RunAsync(DeploymentRun run, string hooksFolder, string folder, CancellationToken end)
    {
        var group = run.Group ?? string.Empty;
        var hook = Path.Combine(hooksFolder, group);
        if (group is "" or "." or ".." || group.Contains('/') || !File.Exists(hook))
        {
            return Report.Failed(Report.NotFound, $"there is no hook for the group '{group}' in {hooksFolder}.");
        }

        if ((File.GetUnixFileMode(hook) & Executable) == 0)
        {
            return Report.Failed(Report.NotExecutable, $"the hook {hook} is not executable.");
        }

        var input = JsonSerializer.Serialize(run.WithTexts(), AgentJson.Default.DeploymentRun);
        return ReadReport(run, await ChildProcess.RunAsync(hook, folder, NoVariables, input, MaxOutputBytes, end));
    }

    private static Report ReadReport(DeploymentRun run, ProcessResult result)
    {
        var report = new Report { WasEnded = result.WasEnded };
        var text = result.Output;
        var printed = result.IsOutputCut ? null : Parse(text);
        if (printed is null || result.ExitCode != 0)
        {
            // Not of a hook that succeeds: heat-agents' print every input there.
            report.Set(Report.Output, text);
            report.Set(Report.Error, result.Error);
            report.SetStatusCode(result.ExitCode);
        }

        HashSet<string> names = [.. run.Outputs.Select(output => output.Name), Report.Output, Report.Error, Report.StatusCode];
        foreach (var (name, value) in (printed ?? []).Where(member => names.Contains(member.Name)))
        {
            report.Set(name, value);
        }

        if (printed is null)
        {
            report.Fail(
                result.ExitCode == 0 ? 1 : result.ExitCode,
                result.IsOutputCut ? $"the hook printed more than {MaxOutputBytes} bytes."
                : string.IsNullOrWhiteSpace(text) ? $"the hook printed nothing, where a JSON object is expected; its exit code is {result.ExitCode}."
                : $"the hook did not print a JSON object; its exit code is {result.ExitCode}.");
        }

        return report;
    }

    /// <returns>The members of a JSON object; null if the text is none.</returns>
    private static List<(string Name, JsonElement Value)>? Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(JsonText.ReplaceLoneSurrogates(text), new JsonDocumentOptions { MaxDepth = JsonText.MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? [.. document.RootElement.EnumerateObject().Select(member => (member.Name, member.Value.Clone()))]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
