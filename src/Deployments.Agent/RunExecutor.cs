using System.ComponentModel;

namespace Deployments.Agent;

/// <summary>Runs a run from its start to its outcome, whatever happens.</summary>
/// <param name="hooksFolder">The executables of groups other than <c>script</c>.</param>
/// <param name="journal">Has the folder of its files.</param>
/// <param name="serviceClock">Says when its deadline has passed.</param>
/// <param name="clock">Measures the time until then.</param>
/// <param name="log">Takes what went wrong.</param>
/// <param name="abandon">Ends what runs, since the agent stops.</param>
internal sealed class RunExecutor(
    string hooksFolder, RunJournal journal, ServiceClock serviceClock, TimeProvider clock, Action<string> log, CancellationToken abandon)
{
    // Deadlines are at most a month away; a timer cannot wait for longer than this.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    public bool IsExpired(DeploymentRun run) => run.Deadline <= serviceClock.Now;

    public async Task<Report> RunAsync(DeploymentRun run)
    {
        var folder = journal.WorkFolder(run.Id);
        using var deadline = new CancellationTokenSource(TimeUntilDeadline(run), clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, abandon);
        try
        {
            PrivateFiles.CreateFolder(folder);
            var report = run.Group == ScriptRunner.Group
                ? await ScriptRunner.RunAsync(run, folder, log, end.Token)
                : await HookRunner.RunAsync(run, hooksFolder, folder, end.Token);
            if (deadline.IsCancellationRequested)
            {
                report.Fail(Report.Expired, "the run was ended at its deadline.");
            }
            else if (abandon.IsCancellationRequested)
            {
                report.Fail(Report.Interrupted, "the run was ended, since the agent was stopped.");
            }

            return report;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or Win32Exception)
        {
            return Report.Failed(Report.NotExecutable, $"it cannot be run: {exception.Message}");
        }
    }

    /// <summary>The outcome of a run during which the agent, or the machine, stopped. Ends what is left of it first.</summary>
    public async Task<Report> InterruptAsync(Guid run)
    {
        await ChildProcess.EndOrphansAsync(journal.WorkFolder(run));
        return Report.Failed(Report.Interrupted, "the agent or the server stopped during this run; what it has done is unknown.");
    }

    /// <summary>Deletes the files of a run, inputs among them.</summary>
    public void Clean(Guid run)
    {
        try
        {
            if (journal.WorkFolder(run) is var folder && Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log($"Run {run}: its files cannot be deleted: {exception.Message}");
        }
    }

    private TimeSpan TimeUntilDeadline(DeploymentRun run)
    {
        var remaining = run.Deadline is { } deadline ? deadline - serviceClock.Now : LongestTimer;
        return remaining < TimeSpan.Zero ? TimeSpan.Zero : remaining < LongestTimer ? remaining : LongestTimer;
    }
}
