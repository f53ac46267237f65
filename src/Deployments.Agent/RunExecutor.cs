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

    public async Task<Outcome> RunAsync(DeploymentRun run)
    {
        try
        {
            return Outcome.Of(await ReportAsync(run));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or Win32Exception)
        {
            return Fail(exception.Message);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return Fail(exception.GetType().Name); // its message may quote a value
        }

        static Outcome Fail(string reason) => Outcome.Of(Report.Failed(Report.NotExecutable, $"it cannot be run: {reason}"));
    }

    /// <summary>The outcome of a run during which the agent, or the machine, stopped. Ends what is left of it first.</summary>
    public async Task<Outcome> InterruptAsync(Guid run)
    {
        await ChildProcess.EndOrphansAsync(journal.WorkFolder(run));
        return Outcome.Of(Report.Failed(Report.Interrupted, "the agent or the server stopped during this run; what it has done is unknown."));
    }

    /// <summary>Deletes the files of a run, inputs among them. What a script has mounted among them stays: it may be a disk.</summary>
    public void Clean(Guid run)
    {
        var folder = journal.WorkFolder(run);
        try
        {
            if (!Directory.Exists(folder))
            {
                return;
            }

            if (HasMount(run))
            {
                log($"Run {run}: its files are not deleted, since something is mounted in {folder}.");
                return;
            }

            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log($"Run {run}: its files cannot be deleted: {exception.Message}");
        }
    }

    private async Task<Report> ReportAsync(DeploymentRun run)
    {
        var folder = journal.WorkFolder(run.Id);
        using var deadline = new CancellationTokenSource(TimeUntilDeadline(run), clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, abandon);
        PrivateFiles.CreateFolder(folder);
        var report = run.Group == ScriptRunner.Group
            ? await ScriptRunner.RunAsync(run, folder, log, end.Token)
            : await HookRunner.RunAsync(run, hooksFolder, folder, end.Token);
        if (report.WasEnded && deadline.IsCancellationRequested)
        {
            report.Fail(Report.Expired, "the run was ended at its deadline.");
        }
        else if (report.WasEnded)
        {
            report.Fail(Report.Interrupted, "the run was ended, since the agent was stopped.");
        }

        return report;
    }

    // By the name of its folder, which no other has: the state folder may be a symbolic link, and mount points are not.
    private static bool HasMount(Guid run) => File.ReadLines("/proc/self/mountinfo")
        .Select(line => line.Split(' ')[4])
        .Any(mountPoint => mountPoint.Contains($"/{run}/", StringComparison.Ordinal) || mountPoint.EndsWith($"/{run}", StringComparison.Ordinal));

    private TimeSpan TimeUntilDeadline(DeploymentRun run)
    {
        var remaining = run.Deadline is { } deadline ? deadline - serviceClock.Now : LongestTimer;
        return remaining < TimeSpan.Zero ? TimeSpan.Zero : remaining < LongestTimer ? remaining : LongestTimer;
    }
}
