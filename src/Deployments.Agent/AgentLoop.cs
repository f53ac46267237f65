using System.Globalization;

namespace Deployments.Agent;

/// <summary>
/// The agent: asks what to apply, runs what it has not run before, one after the other in the order of the document, and reports each
/// outcome.
/// </summary>
internal sealed class AgentLoop(
    MetadataClient client, RunJournal journal, RunExecutor executor, OutcomeSender sender, TimeProvider clock, Action<string> log)
{
    private readonly RetryDelay storageDelay = new();
    private readonly HashSet<Guid> expired = [];
    private IReadOnlyList<DeploymentRun> listed = [];

    /// <summary>Runs until it is to stop, and what runs then has ended.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        await FinishPendingAsync();
        try
        {
            while (true)
            {
                stopping.ThrowIfCancellationRequested();
                var next = FindNext();
                if (next is null || client.IsDue || client.IsFailing)
                {
                    // Before a run too: what was deleted meanwhile must not start, nor anything while the service does not say what was.
                    if (await client.ReadAsync(wait: next is null, stopping) is { } document)
                    {
                        listed = [.. document.Deployments.Where(run => !journal.Contains(run.Id))];
                    }

                    next = client.IsFailing ? null : FindNext();
                }

                if (next is not null)
                {
                    await RunAsync(next, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It is to stop.
        }
    }

    private async Task FinishPendingAsync()
    {
        foreach (var run in journal.ReadPending(log))
        {
            if (run.Body is null)
            {
                log($"Run {run.Id}: the agent or the server stopped during it.");
                Report(run, await executor.InterruptAsync(run.Id));
            }
            else
            {
                executor.Clean(run.Id);
                sender.Send(run, isStored: true);
            }
        }
    }

    private DeploymentRun? FindNext()
    {
        foreach (var run in listed.Where(run => !journal.Contains(run.Id)))
        {
            if (!executor.IsExpired(run))
            {
                return run;
            }

            if (expired.Add(run.Id))
            {
                log($"Run {run.Id}: it is not started, since its deadline has passed.");
            }
        }

        return null;
    }

    private async Task RunAsync(DeploymentRun run, CancellationToken stopping)
    {
        var values = run.Values;
        var record = new RunRecord(run.Id, values.GetValueOrDefault("deploy_signal_id"), values.GetValueOrDefault("deploy_signal_verb", "PUT"), Body: null);
        try
        {
            journal.Start(record);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log($"Run {run.Id}: it is not started yet, since that cannot be stored: {exception.Message}");
            await Task.Delay(storageDelay.Next(), clock, stopping);
            return;
        }

        storageDelay.Reset();
        log($"Run {run.Id}: started, deployment '{run.Name}', group '{run.Group}'.");
        var started = clock.GetTimestamp();
        var outcome = await executor.RunAsync(run);
        log(string.Create(CultureInfo.InvariantCulture, $"Run {run.Id}: ended after {clock.GetElapsedTime(started).TotalSeconds:0.0} s, {outcome.Summary}."));
        Report(record, outcome);
    }

    private void Report(RunRecord run, Outcome outcome)
    {
        var ended = run with { Body = outcome.Body };
        var isStored = false;
        try
        {
            journal.End(ended);
            isStored = true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log($"Run {run.Id}: its outcome cannot be stored yet, only sent: {exception.Message}");
        }

        executor.Clean(run.Id);
        sender.Send(ended, isStored);
    }
}
